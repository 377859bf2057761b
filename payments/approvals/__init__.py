"""Actions that two operators take: one asks, another one decides."""
