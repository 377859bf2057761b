"""Events: what was decided and what changed, written in the transaction that did it."""
