"""The second practice app: a reader of official accounts' articles; docs/practice-app.md is its contract."""

PACKAGE = "com.phonefleet.reader"
VERSION = "1.3.0"
