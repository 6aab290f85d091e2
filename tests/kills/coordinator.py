"""`python -m tests.kills.coordinator`: the product's coordinator, which can be held at the named moments."""

import gc

if __name__ == "__main__":
    gc.disable()  # as the product's own

import tests.kills.wrap  # noqa: F401 - wraps
from workers.coordinator.loop import main
from workers.runtime.garbage import look_from_now_on

look_from_now_on()
raise SystemExit(main())
