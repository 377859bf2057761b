"""Real PostgreSQL and Redis."""
