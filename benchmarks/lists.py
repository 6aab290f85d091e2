"""The lists of customers at 10,000 and at a million tasks: every filter alone, every two, and pages deep inside.

`python -m benchmarks.lists`. One MariaDB, which makes the rows itself. One customer has two keys and all tasks but
for a hundredth; phones, accounts, authors, flows and states are spread as on a shelf of 40 phones. The same
questions are asked at both sizes, in turns, and the median counts. Below FLOOR_MS a ratio is noise of the connection.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from typing import Any

from sqlalchemy import Engine, insert, inspect, literal, literal_column, select, text
from sqlalchemy.orm import Session

from benchmarks.list_rows import campaign_row, task_row
from gateway.access.caller import Caller
from gateway.api.cursors import PagePosition, to_cursor
from gateway.api.pages import TaskFilter, tasks_page
from gateway.keys.api_keys import Key
from models.database.engine import Patience, connect
from models.migrate import upgrade
from models.tables import Campaign, metadata_of_all
from models.transactions.read_write import read, write
from tests.support.arguments import at_least
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB

FLOOR_MS = 5.0
MOST_RATIO = 1.5
AT_ONCE = 100_000
PATIENT = Patience(answer=600, lock=60, idle=600)  # an index over a million rows takes its time
KEYS = ("key_a", "key_b")
START = datetime(2026, 1, 1, tzinfo=UTC)
PHONES, AUTHORS, CAMPAIGNS = 40, 20, 40
FLOWS = ("collect_titles", "collect_comments", "directed", "nurture")
ROOMY = ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M")
STATES = ("succeeded",) * 17 + ("failed", "stopped", "ready")


@dataclass(frozen=True, slots=True)
class Size:
    """A ledger with so many tasks, one each second from `start` on.

    `campaign` are further values of each campaign, and `task` further columns of each task, as SQL over its number.
    """

    engine: Engine
    tasks: int
    campaigns: int = CAMPAIGNS
    states: Sequence[str] = STATES
    start: datetime = START
    campaign: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, str] = field(default_factory=dict)

    @property
    def middle(self) -> datetime:
        return self.at(self.tasks // 2)

    def at(self, number: int) -> datetime:
        return self.start + timedelta(seconds=number)


def fill(size: Size) -> None:
    """Write its rows: made by the server, without the indexes, which are built at the end for a tenth of the time."""
    campaigns = [campaign_row(f"c{n:04}", KEYS[n % 2], size.at(n), **size.campaign) for n in range(size.campaigns)]
    write(size.engine, lambda session: session.execute(insert(Campaign), campaigns))
    indexes = [one for one in inspect(size.engine).get_indexes("tasks") if "campaign_id" not in one["column_names"]]
    _alter(size.engine, [f"DROP INDEX {one['name']}" for one in indexes])
    for start in range(0, size.tasks, AT_ONCE):
        write(size.engine, partial(_some, size=size, first=start, last=min(size.tasks, start + AT_ONCE) - 1))
    _alter(size.engine, [f"ADD INDEX {one['name']} ({', '.join(map(str, one['column_names']))})" for one in indexes])
    write(size.engine, lambda session: session.execute(text("ANALYZE TABLE tasks, campaigns")).all())


def columns_of(size: Size) -> dict[str, str]:
    """Each column's value as SQL, drawn from the row's number, independently of the others."""
    campaign = draw("campaign", size.campaigns)
    return {
        "id": "MD5(seq)",
        "campaign_id": f"CONCAT('c', LPAD({campaign}, 4, '0'))",
        "key_id": f"IF({draw('key', 100)} = 0, 'key_other', IF({campaign} % 2 = 0, '{KEYS[0]}', '{KEYS[1]}'))",
        "created_at": f"TIMESTAMPADD(SECOND, seq, '{size.start:%Y-%m-%d %H:%M:%S}')",
        "reference": "IF(seq % 4 = 0, CONCAT('order-', seq), NULL)",
        "flow": f"ELT(1 + {draw('flow', len(FLOWS))}, {', '.join(map(repr, FLOWS))})",
        "state": f"ELT(1 + {draw('state', len(size.states))}, {', '.join(map(repr, size.states))})",
        "account_id": f"CONCAT('acc', LPAD({draw('phone', PHONES)}, 4, '0'))",
        "pinned_account": f"IF({draw('pin', 5)} = 0, CONCAT('acc', LPAD({draw('phone', PHONES)}, 4, '0')), NULL)",
        "phone_serial": f"CONCAT('SIM', LPAD({draw('phone', PHONES)}, 4, '0'))",
        "pinned_phone": f"IF({draw('pin', 10)} = 0, CONCAT('SIM', LPAD({draw('phone', PHONES)}, 4, '0')), NULL)",
        "author_id": f"CONCAT('author', LPAD({draw('author', AUTHORS)}, 3, '0'))",
        **size.task,
    }


def _some(session: Session, size: Size, first: int, last: int) -> None:
    """Tasks of these numbers."""
    drawn = columns_of(size)
    plain = task_row("", "", "", START)
    table = metadata_of_all().tables["tasks"]
    names = [*plain, *(name for name in drawn if name not in plain)]
    values = [
        literal_column(drawn[name]) if name in drawn else literal(plain[name], table.c[name].type) for name in names
    ]
    numbers = text(f"seq_{first}_to_{last}")
    session.execute(text("SET SESSION unique_checks = 0, foreign_key_checks = 0"))
    session.execute(insert(table).from_select(names, select(*values).select_from(numbers)))


def draw(column: str, count: int) -> str:
    """A number below `count`, drawn from the row's number, as SQL."""
    return f"(CONV(LEFT(MD5(CONCAT('{column}', seq)), 8), 16, 10) % {count})"


def _alter(engine: Engine, changes: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE tasks {', '.join(changes)}"))


def questions(size: Size) -> Iterator[tuple[str, TaskFilter, str | None]]:
    """Returns the questions: name, filter, cursor."""
    filters: Mapping[str, Any] = {
        "campaign": "c0010",
        "reference": f"order-{size.tasks // 8 * 4}",
        "flow": "directed",
        "state": "failed",
        "account": "acc0007",
        "phone": "SIM0007",
        "author": "author007",
        "since": size.middle,
        "until": size.middle,
    }
    none = TaskFilter()
    deep = to_cursor("tasks", PagePosition(size.middle, "8" * 32))
    yield "none", none, None
    yield "none, deep", none, deep
    for name, value in filters.items():
        yield name, replace(none, **{name: value}), None
        yield f"{name}, deep", replace(none, **{name: value}), deep
    for one, other in combinations(filters, 2):
        yield f"{one} and {other}", replace(none, **{one: filters[one], other: filters[other]}), None
    for name, value in (("phone", "SIM9999"), ("account", "nobody"), ("author", "nobody"), ("state", "needs_review")):
        given: Mapping[str, Any] = {name: value}
        without = replace(none, **given)
        yield f"{name} without tasks", without, None
        yield f"{name} without tasks, and flow", replace(without, flow="directed"), None


def ask(size: Size, which: TaskFilter, cursor: str | None) -> float:
    """Milliseconds for one page of 50."""
    caller = Caller(Key(KEYS[0], "n", "acme", False, (), 10.0, 1000, 3, False, ()), KEYS, "req")
    began = time.perf_counter()
    read(size.engine, lambda session: tasks_page(session, caller, which, cursor, 50))
    return (time.perf_counter() - began) * 1000


def measure(small: Size, large: Size, runs: int) -> dict[str, tuple[float, float]]:
    """Question → the median at both sizes."""
    found: dict[str, tuple[float, float]] = {}
    for (name, here, before), (_, there, beyond) in zip(questions(small), questions(large), strict=True):
        times: list[tuple[float, float]] = []
        for run in range(runs + 2):
            pair = (ask(small, here, before), ask(large, there, beyond))
            times += [pair] if run >= 2 else []  # the first find nothing in memory
        found[name] = (statistics.median(one for one, _ in times), statistics.median(one for _, one in times))
    return found


def ratio(pair: tuple[float, float]) -> float:
    """Large by small, each no less than the floor."""
    return max(pair[1], FLOOR_MS) / max(pair[0], FLOOR_MS)


def main() -> int:
    """Measure, print, write benchmarks/results/lists.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=at_least(1), default=10_000)
    parser.add_argument("--large", type=at_least(1), default=1_000_000)
    parser.add_argument("--runs", type=at_least(1), default=15, help="Of each question, besides two that do not count.")
    asked = parser.parse_args()
    with MariaDB(*ROOMY) as server, server.database() as one, server.database() as other:
        sizes = []
        for url, tasks in ((one, asked.small), (other, asked.large)):
            size = Size(connect(url, PATIENT), tasks)
            upgrade(size.engine)
            began = time.monotonic()
            fill(size)
            print(f"{tasks} tasks written in {time.monotonic() - began:.0f} s", flush=True)
            sizes.append(size)
        small, large = sizes
        found = measure(small, large, asked.runs)
        for size in sizes:
            size.engine.dispose()
    return report(found, asked.small, asked.large, asked.runs)


def report(found: Mapping[str, tuple[float, float]], small: int, large: int, runs: int) -> int:
    """The table, the worst ratio as target."""
    lines = [Line(name, (pair[0], pair[1], ratio(pair))) for name, pair in found.items()]
    worst = max(found, key=lambda name: ratio(found[name]))
    measured: dict[str, Any] = {
        "tasks": [small, large],
        "runs": runs,
        "floor_ms": FLOOR_MS,
        "ms": {name: list(pair) for name, pair in found.items()},
    }
    targets: Sequence[Target] = [Target(f"{large} by {small} tasks, {worst}", ratio(found[worst]), MOST_RATIO)]
    headings = (f"{small} tasks, ms", f"{large} tasks, ms", f"ratio, above {FLOOR_MS:g} ms")
    return finish("lists", "a page of 50 tasks, by what is asked for", headings, lines, measured, targets)


if __name__ == "__main__":
    sys.exit(main())
