"""`payments torture`: runs the platform under load and faults, then checks journal and ledger."""
