"""Torture: break everything at random under load, heal, and check that nothing is lost and nothing doubled."""
