"""Reconciliation: the provider's registry of a day against our payouts and deposits."""
