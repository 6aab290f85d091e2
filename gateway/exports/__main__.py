"""`python -m gateway.exports`: makes the exports that wait, then ends. The gateway starts it."""

from __future__ import annotations

import sys

from gateway.exports.background import run
from workers.runtime.log import set_up_logging
from workers.runtime.private_files import keep_files_private
from workers.runtime.process_engine import process_engine
from workers.settings import settings


def main() -> int:
    """Runs the program. Returns its exit code."""
    keep_files_private()
    set_up_logging(settings(), "export")
    return run(process_engine())


if __name__ == "__main__":
    sys.exit(main())
