"""The phone's end of the ADB transport protocol."""
