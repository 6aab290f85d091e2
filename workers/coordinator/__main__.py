"""`python -m workers.coordinator`: runs a coordinator."""

from workers.coordinator.loop import main

raise SystemExit(main())
