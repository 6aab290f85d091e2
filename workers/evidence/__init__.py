"""Evidence: stores the screen and state of a phone on which an attempt failed, for people who look for the fault.

keep → collect (from the phone, within seconds) → spool (this machine's disk) → ship (storage) → note (ledger).
Phone workers do the first three and load no storage library; the host agent ships.
"""
