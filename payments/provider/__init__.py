"""What payouts and deposits share about an outside provider: numbers, sightings, schedule.

Pause switch.
"""
