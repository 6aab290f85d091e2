"""`python -m tests.kills.host`: the product's host agent, whose workers have a minute to hand their tasks back.

The matrix holds what is handed back, and a worker that is killed for being slow hands nothing back.
"""

import gc
from functools import partialmethod

if __name__ == "__main__":
    gc.disable()  # as the product's own

from workers.host.__main__ import main
from workers.host.roster import Roster
from workers.runtime.garbage import look_from_now_on

Roster.end = partialmethod(Roster.end, grace=60.0)  # type: ignore[method-assign,assignment]

look_from_now_on()
raise SystemExit(main())
