"""Shared by every surface: authentication, bodies and amounts, errors, idempotency, waiting."""
