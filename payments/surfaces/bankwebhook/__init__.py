"""The bank's webhook, organizations and their balances."""
