"""The chaos storm: a real fleet under seeded faults, judged by what really happened."""
