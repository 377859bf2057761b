"""Transactions of any shape: several postings at once, found again, reversed."""
