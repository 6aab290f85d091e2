"""Keeps watches in the ledger: adds and tries them, plants their looks when due, judges what the looks found."""
