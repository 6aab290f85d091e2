"""Run the few tests that failed beside others once more, alone: `.ci/run` calls this after a failed `make test`.

A test may fail because the machine was too busy for it; alone, it shows whether the product is at fault. The
output of the first failure stays in CI's log, and the names stand at its end. See docs/decisions/second-look.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")  # pytest's own record of its last run
MOST = 3  # tests; more that fail together have a cause of their own
FINAL = ("tests/kills/", "tests/chaos/")  # whether work is lost or done twice is rare by nature: no second chance
SECONDS = 900.0  # for all of them


class Refused(Exception):
    """These failures stand as they are; the text says why."""


def failed_tests(record: Path) -> list[str]:
    """The node ids of the tests that failed in the last run. Raises Refused where pytest left no record."""
    try:
        return sorted(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise Refused(f"pytest left no record of failed tests in {record}: {error}") from error


def check_few(failed: Sequence[str]) -> None:
    """Raise Refused unless these failures may be looked at again."""
    if not failed:
        raise Refused("no test failed: the run itself did")
    if len(failed) > MOST:
        raise Refused(f"{len(failed)} tests failed, more than {MOST}")
    if final := [test for test in failed if test.startswith(FINAL)]:
        raise Refused(f"{final[0]} judges whether work was lost or done twice")


def main() -> int:
    """Returns 0 when each of them passes alone, otherwise 1."""
    try:
        failed = failed_tests(LAST_FAILED)
        check_few(failed)
    except Refused as error:
        print(f"No second look: {error}")
        return 1
    again = [sys.executable, "-m", "pytest", "--last-failed", "--last-failed-no-failures", "none"]
    try:
        status = subprocess.run(again, check=False, timeout=SECONDS).returncode
    except subprocess.TimeoutExpired:
        print(f"The second look did not end within {SECONDS:g} s")
        return 1
    for test in failed:
        print(f"{'Failed beside others, passed alone' if status == 0 else 'Failed at a second look'}: {test}")
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
