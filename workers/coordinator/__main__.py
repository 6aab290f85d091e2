"""`python -m workers.coordinator`: runs a coordinator."""

import gc

if __name__ == "__main__":
    gc.disable()  # until all of it is imported: see workers/runtime/garbage.py

from workers.coordinator.loop import main
from workers.runtime.garbage import look_from_now_on

if __name__ == "__main__":
    look_from_now_on()
    raise SystemExit(main())
