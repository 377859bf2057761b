"""Purchases: a product paid from a bill."""
