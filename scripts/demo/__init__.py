"""The demo: runs the operator's standard day on simulated phones, and compares the ledger with phonesim's log."""
