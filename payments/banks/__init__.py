"""Banks, their clients' accounts, and payments that the payer confirms with a code."""
