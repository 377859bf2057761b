"""Transfers between wallets, and their reversals."""
