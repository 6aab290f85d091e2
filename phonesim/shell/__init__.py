"""The phone's shell: a small `sh` and the commands that adbutils and uiautomator2 run."""
