"""The windows that Android puts around and over an app: its decor, the system's bars, the keyboard."""
