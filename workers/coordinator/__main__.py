"""`python -m workers.coordinator`: run a coordinator."""

from workers.coordinator.loop import main

raise SystemExit(main())
