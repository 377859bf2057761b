"""Banks, their clients' accounts, and payments between accounts that the payer confirms by a code."""
