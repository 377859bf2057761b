"""`payments torture`: the whole platform under load while everything under it is broken, then the reckoning."""
