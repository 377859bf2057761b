"""Deliveries of events to webhook endpoints: made, sent, repeated, written down."""
