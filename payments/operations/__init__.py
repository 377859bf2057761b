"""The engine: intents in, outcomes out, one transaction a batch. Knows no capability."""
