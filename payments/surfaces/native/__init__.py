"""The native API under /v1: wallets, transfers, holds and operations, for holders of an API key."""
