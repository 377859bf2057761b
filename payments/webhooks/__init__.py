"""Shared by incoming webhooks: signatures, acceptance once per id, a record of refused ones."""
