"""What payouts and deposits share about a provider: references, sightings,
schedule, pause switch.
"""
