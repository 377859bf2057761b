"""API keys: who may use the native API, and for what."""
