"""Wallets: money of somebody, in one currency for life."""
