"""The inbox of a provider's callbacks: kept raw before anything else, done only together with their effect."""
