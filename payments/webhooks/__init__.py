"""What incoming webhooks share: signatures, one acceptance an id, a record of what was refused."""
