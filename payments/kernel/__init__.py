"""Money, ids, time, errors and the database: what every layer may use. A closed list."""
