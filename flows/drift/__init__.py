"""Finds again what an app update moved, renamed or wrapped, and proposes a patch of the app profile. Pure."""
