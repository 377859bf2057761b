"""`payments torture`: the platform under load while everything under it breaks; the reckoning."""
