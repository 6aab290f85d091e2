"""`python -m chaos --tasks 2000 --phones 40 --faults 300 --seed 1`: run a storm and judge it."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from chaos.report import report
from chaos.storm import Wanted, run_storm
from tests.support.arguments import at_least


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when nothing is lost, doubled, stuck or wrongly in review."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--tasks", type=at_least(1), default=2000)
    parser.add_argument("--phones", type=at_least(1), default=40)
    parser.add_argument("--faults", type=at_least(0), default=300)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same work and the same strikes")
    parser.add_argument("--rough", action="store_true", help="on phones as rough as real ones")
    parser.add_argument(
        "--folder", type=Path, help="keep logs and ground truth here (default: a folder that is removed)"
    )
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="phonefleet-chaos-"))
    try:
        wanted = Wanted(asked.tasks, asked.phones, asked.faults, asked.seed, rough=asked.rough)
        return report(run_storm(wanted, folder, lambda line: print(line, flush=True)))
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
