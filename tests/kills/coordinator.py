"""`python -m tests.kills.coordinator`: the product's coordinator, which can be held at the named moments."""

import tests.kills.wrap  # noqa: F401 - wraps
from workers.coordinator.loop import main

raise SystemExit(main())
