"""All JSON-RPC methods of the UI server, by name."""

from __future__ import annotations

from collections.abc import Mapping

from phonesim.uia.gesture_calls import GESTURE_CALLS
from phonesim.uia.object_calls import OBJECT_CALLS
from phonesim.uia.phone_calls import PHONE_CALLS
from phonesim.uia.rpc import Call

CALLS: Mapping[str, Call] = {**PHONE_CALLS, **OBJECT_CALLS, **GESTURE_CALLS}

# these wait for the screen to change, while other calls change it
IMMEDIATE = frozenset({"waitForExists", "waitUntilGone"})
