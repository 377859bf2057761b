"""Payouts: money is held, sent by an outside provider, and settled or released only on evidence."""
