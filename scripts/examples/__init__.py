"""Short scripts against a running fleet: `python -m scripts.examples.NAME --help`."""
