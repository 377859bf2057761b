"""Callbacks of a provider, stored raw first; marked done in the transaction that applies their
effect.
"""
