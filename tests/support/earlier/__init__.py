"""An earlier version of phonefleet: its code, its tables, and a fleet that runs it.

`version.tar.xz` holds the rooms that a fleet's processes need, as they were before the tables of version 0037 (commit
365af8f, `git archive 365af8f celeryconfig.py models workers flows | xz -9e`). They run with the libraries of today.
"""
