"""Double entry: accounts with four counters, append-only entries. Knows no business."""
