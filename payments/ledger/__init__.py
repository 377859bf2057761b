"""Double entry: accounts with four counters, append-only entries, balance at a time. Knows no business."""
