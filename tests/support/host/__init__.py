"""Host agents and their workers as real processes."""
