"""People at real browsers; `make test-browser` runs these."""
