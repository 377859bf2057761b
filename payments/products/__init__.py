"""Products of the shop and their prices."""
