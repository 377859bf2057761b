"""PostgreSQL and Redis run by our own supervisor."""
