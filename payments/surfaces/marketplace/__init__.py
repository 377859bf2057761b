"""The bank API for marketplaces, under /bank: see `seeds/marketplace-bank-api.txt`."""
