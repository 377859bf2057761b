"""PostgreSQL and Redis under our own supervisor."""
