"""Double entry: accounts with four counters, append-only entries, balances at any time. Knows no business."""
