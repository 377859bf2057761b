"""Payees: SuperPay wallets that a client's user has saved, to be paid by their id."""
