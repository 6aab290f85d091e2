"""The gateway on loopback, its customers, and who receives its callbacks."""
