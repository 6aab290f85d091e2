"""Recorded flows: what a person showed on a phone, as typed steps that one runner carries out."""
