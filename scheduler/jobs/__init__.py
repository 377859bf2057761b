"""Jobs, one verb per file: each finds what is due and submits intents, or reads and reports."""
