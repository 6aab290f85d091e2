"""`python -m tests.kills.host`: the product's host agent, whose workers have a minute to hand their tasks back.

The matrix holds what is handed back, and a worker that is killed for being slow hands nothing back.
"""

from functools import partialmethod

from workers.host.__main__ import main
from workers.host.roster import Roster

Roster.end = partialmethod(Roster.end, grace=60.0)  # type: ignore[method-assign,assignment]

raise SystemExit(main())
