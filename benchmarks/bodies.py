"""CPU time of the costliest bodies that a customer can send, refused and accepted, on SQLite and on MariaDB.

`python -m benchmarks.bodies --runs 3`. The gateway answers in a thread of this process, so the figure is the process's
CPU time (`time.process_time`) for sending, answering and, when the body is accepted, planting; what MariaDB itself
spends is not in it. Each accepted body meets an empty ledger. The middle run counts. `parsed` is what `json.loads`
takes for the same bytes: what any gateway pays, and a measure of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import Engine

from gateway.access.middleware import MOST_BYTES
from gateway.api.serve import collect_seldom, return_memory
from models.database.engine import connect
from tests.support.arguments import at_least
from tests.support.fleet import reach_redis
from tests.support.gateway.api_server import Raw, listening
from tests.support.gateway.costly_bodies import ACCEPTED, FLAWS, Body, canvas, costly_customer, titles
from tests.support.gateway.master_key import MASTER_KEY
from tests.support.ledger.copied import copied_ledger, make_tables
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB, Redis

MOST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """Makes empty ledgers of one kind of server."""

    name: str
    empty: Callable[[ExitStack], Engine]


@dataclass(frozen=True, slots=True)
class Cost:
    """One body: its size, and the CPU seconds of its middle run and of parsing it."""

    name: str
    size: int
    seconds: float
    parsed: float


def _sqlite(folder: Path) -> Ledger:
    numbers = count()
    return Ledger("SQLite", lambda _stack: copied_ledger(f"sqlite:///{folder}/ledger{next(numbers)}.db"))


def _mariadb(server: MariaDB) -> Ledger:
    def empty(stack: ExitStack) -> Engine:
        engine = connect(stack.enter_context(server.database()))
        stack.callback(engine.dispose)
        make_tables(engine)
        return engine

    return Ledger("MariaDB", empty)


@contextmanager
def _customer(ledger: Ledger) -> Iterator[Raw]:
    with ExitStack() as stack:
        engine = ledger.empty(stack)
        api = stack.enter_context(listening(engine))
        collect_seldom()  # as the gateway's own process does
        return_memory()
        yield costly_customer(api)


def _spent(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _send(raw: Raw, path: str, sent: bytes, status: int) -> None:
    answer = raw.send("POST", f"/v1/{path}?seal=none", sent)
    if answer.status_code != status:
        raise AssertionError(f"{status} was expected, and came {answer.status_code}: {answer.text[:300]}")


def _bytes(body: Body) -> bytes:
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if len(sent) > MOST_BYTES:
        raise AssertionError(f"the body has {len(sent)} bytes, and may have {MOST_BYTES}")
    return sent


def refused(ledger: Ledger, runs: int) -> Iterator[Cost]:
    """The bodies that are refused, all on one ledger."""
    with _customer(ledger) as raw:
        for name, make in FLAWS.items():
            path, body = make()
            sent = _bytes(body)
            seconds = [_spent(lambda: _send(raw, path, sent, 422)) for _ in range(runs)]  # noqa: B023 - called at once
            yield _cost(f"{name}, refused", sent, seconds)


def accepted(ledger: Ledger, runs: int) -> Iterator[Cost]:
    """The bodies that are accepted, each on a ledger of its own."""
    for name, make in ACCEPTED.items():
        sent = _bytes(make())
        seconds = []
        for _ in range(runs):
            with _customer(ledger) as raw:
                _send(
                    raw, "campaigns", _bytes({**canvas(titles()), "reference": "first"}), 201
                )  # so that its statements are compiled
                seconds.append(_spent(lambda: _send(raw, "campaigns", sent, 201)))  # noqa: B023 - called at once
        yield _cost(f"{name}, accepted", sent, seconds)


def _cost(name: str, sent: bytes, seconds: list[float]) -> Cost:
    parsed = statistics.median(_spent(lambda: json.loads(sent)) for _ in range(5))
    return Cost(name, len(sent), statistics.median(seconds), parsed)


def _report(costs: Mapping[str, list[Cost]]) -> int:
    lines = [
        Line(f"{ledger}: {cost.name}", (cost.size / 1000, cost.seconds, cost.parsed))
        for ledger, all_of_it in costs.items()
        for cost in sorted(all_of_it, key=lambda one: -one.seconds)
    ]
    targets = [
        Target(f"{ledger}: the costliest body, CPU seconds", max(one.seconds for one in all_of_it), MOST_SECONDS)
        for ledger, all_of_it in costs.items()
    ]
    measured = {
        ledger: {one.name: {"bytes": one.size, "cpu_s": one.seconds, "parsed_s": one.parsed} for one in all_of_it}
        for ledger, all_of_it in costs.items()
    }
    return finish("bodies", "The costliest bodies", ["kB", "CPU s", "parsed, CPU s"], lines, measured, targets)


def main() -> int:
    """Measure and report; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=at_least(1), default=3, help="how often each body is sent; the middle run counts"
    )
    runs = parser.parse_args().runs
    os.environ["PHONEFLEET_MASTER_KEY"] = MASTER_KEY
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bodies-")))
        reach_redis(stack.enter_context(Redis()).url)
        ledgers = (_sqlite(folder), _mariadb(stack.enter_context(MariaDB(durable=True))))
        costs = {one.name: [*refused(one, runs), *accepted(one, runs)] for one in ledgers}
    return _report(costs)


if __name__ == "__main__":
    sys.exit(main())
