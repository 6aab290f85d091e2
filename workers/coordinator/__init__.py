"""The coordinator: one file a janitor, and the loop that lets the leader run them."""
