"""What every surface shares.

Who may call, bodies and amounts, errors, idempotency, waiting, rendering outcomes.
"""
