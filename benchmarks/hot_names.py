"""Learns the names that workers look up, for workers/host/hot_names.txt.

`python -m benchmarks.hot_names` rehearses a worker as a host's zygote does, on a MariaDB of its own, and writes the
file. `make bench-fleet` says what it is worth.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from models.database.engine import connect
from models.migrate import upgrade
from tests.support.servers import MariaDB

TARGET = Path(__file__).parents[1] / "workers" / "host" / "hot_names.txt"
LONGEST = 60
NAME = r"[A-Za-z_][\w.:<>-]*"
LEARN = """
import workers.host.zygote
from celery.app import defaults
from workers.host import warm_up
from workers.host.hot_names import names_in
learnt = []
warm_up.warm_up(lambda ran: learnt.extend(names_in(ran.values())))
learnt += [*warm_up.app.tasks, *defaults.DEFAULTS, *defaults._TO_OLD_KEY.values()]  # each worker copies its settings
print("\\n".join(sorted(set(learnt))))
"""


def main() -> None:
    """Learn and write."""
    with MariaDB() as maria, maria.database() as url:
        upgrade(connect(url))
        environment = {**os.environ, "PHONEFLEET_DATABASE_URL": url, "PHONEFLEET_TASKS": "workers.tasks"}
        done = subprocess.run(
            [sys.executable, "-c", LEARN], env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=120
        )
    names = [name for name in done.stdout.splitlines() if len(name) <= LONGEST and re.fullmatch(NAME, name, re.ASCII)]
    lines = textwrap.wrap(" ".join(names), 120, break_long_words=False, break_on_hyphens=False)
    TARGET.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(names)} names: {TARGET}")


if __name__ == "__main__":
    main()
