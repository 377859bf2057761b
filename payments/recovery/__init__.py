"""Recovery after a restore: what is halted meanwhile, what must be done before effects go on."""
