"""Banks, their clients' accounts, and payments that the payer confirms by a code."""
