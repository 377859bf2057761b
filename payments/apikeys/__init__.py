"""API keys: which clients may use the native API, and with which scopes."""
