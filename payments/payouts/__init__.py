"""Payouts: money held, sent by an outside provider, settled or released only on evidence."""
