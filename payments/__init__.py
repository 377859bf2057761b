"""A payments platform: intents in, double-entry postings out."""
