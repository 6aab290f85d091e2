"""Decides about watches, without I/O: when to look, which items count, and when people are told."""
