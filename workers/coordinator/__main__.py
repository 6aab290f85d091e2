"""`python -m workers.coordinator`: runs a coordinator."""

from workers.coordinator.loop import main

if __name__ == "__main__":
    raise SystemExit(main())
