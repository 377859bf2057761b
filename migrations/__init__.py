"""The schema, step by step, by Alembic."""
