"""Each package speaks the language of one outsider and turns it into intents."""
