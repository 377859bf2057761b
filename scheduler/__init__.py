"""The timetable: jobs submit intents, checks hold the invariants."""
