"""What benchmarks/dispatch.py measures beside phonefleet and Celery. Runs without phonefleet, by Pythons of its own."""
