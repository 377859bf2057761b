"""The timetable: jobs submit intents, checks verify the invariants."""
