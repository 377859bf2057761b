"""Jobs, one verb a file: each looks for what is due and submits intents, or looks and reports."""
