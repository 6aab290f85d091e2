"""The HTTP API: one module for each resource, behind the secure-channel middleware."""
