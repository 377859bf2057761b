"""The bank's webhook, balances of organizations, and the organizations themselves."""
