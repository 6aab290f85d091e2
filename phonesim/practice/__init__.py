"""The practice app that every simulated phone runs; docs/practice-app.md is its contract."""

PACKAGE = "com.phonefleet.practice"
VERSION = "2.4.1"
LAUNCHER = "com.android.launcher3"
LABEL = "练习短视频"
DRIFT_SUFFIX = "_x"  # behind the resource ids of a page that drifted
