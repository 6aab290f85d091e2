"""The console on loopback, a ledger that looks like a Monday morning, and a browser."""
