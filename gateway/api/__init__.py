"""The HTTP API: a file for each resource, behind one door."""
