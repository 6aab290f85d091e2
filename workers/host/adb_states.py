"""The words of `adb devices` for a phone's state."""

MOST_WORDS = 40  # characters of a state that adb may come to say one day
PASSING = frozenset({"connecting", "authorizing"})  # adb's states on the way to another one


def state_word(state: str) -> str:
    """Returns adb's state without its explanation: `no permissions (missing udev rules? …); see [http…]`."""
    return state.partition("(")[0].partition(";")[0].strip()[:MOST_WORDS].strip() or "unknown"
