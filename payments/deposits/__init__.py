"""Deposits: a payer pays on the provider's page, the wallet is credited on evidence."""
