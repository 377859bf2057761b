"""Open differences with a provider, kept until an operator resolves them."""
