"""Products of the shop: what they are called and what they cost."""
