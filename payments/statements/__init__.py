"""Statements of a bank and settlement files of a provider: read, kept, matched with our books."""
