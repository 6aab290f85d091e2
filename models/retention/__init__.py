"""Retention: deletes what is old, by age, and one person's collected data on request."""
