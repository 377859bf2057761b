"""Double entry: accounts with four counters, append-only entries. Independent of any business."""
