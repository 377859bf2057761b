"""House accounts of a client's own, addressed `account:<name>`: fees, spreads, loans."""
