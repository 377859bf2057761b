"""Money, ids, time, errors and the database: the modules every layer may use."""
