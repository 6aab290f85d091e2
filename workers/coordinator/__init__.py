"""The coordinator: one file for each janitor, and the loop in which the leader runs them."""
