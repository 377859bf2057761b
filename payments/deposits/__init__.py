"""Deposits: a payer pays on the provider's page, and the wallet is credited on evidence."""
