"""A migrated ledger, and what drives it in one process."""
