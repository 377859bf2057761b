"""What every surface shares: who may call, bodies and amounts, errors, idempotency, waiting, rendering outcomes."""
