"""Money a bank says came for organizations: credited once, logged, in suspense without an owner."""
