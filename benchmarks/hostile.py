"""One customer's standard campaign, alone and beside a customer who attacks in every known way at once.

`python -m benchmarks.hostile --seconds 60 --phones 8`. Everything is real: MariaDB, Redis, the gateway over HTTP on
loopback, delivery worker, coordinator, host agent, and workers on simulated phones. The campaign runs alone first;
then, on a new fleet with the same world, it is submitted when the attacks have begun. The attacks last until it has
ended, and at least `--seconds`. benchmarks/hostile_customer.py and benchmarks/hostile_sockets.py have the attacks.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial

from benchmarks.hostile_customer import ADDRESS, ATTACKS, NO_ANSWER, SANDBOX, Key, Target, attack, evidence_of
from benchmarks.hostile_fleet import AttackedFleet, Customer, Measured, attacked_fleet
from benchmarks.hostile_sockets import Sockets
from gateway.keys.api_keys import KeySpec, make_key
from tests.support.arguments import at_least, within
from tests.support.gateway.receiver import Receiver
from tests.support.report import Line, finish
from tests.support.report import Target as Goal

MOST_RATIO = 2.0
LONGEST_TIMES = 6.0  # of the time alone; a campaign that takes longer counts as one without an end
LONGEST_ALONE = 600.0
HANGING_RECEIVERS = 50
SLOW_DOWNLOADS = 40
SETTLE_SECONDS = 5.0  # of attack before the campaign comes
EVIDENCE_SECONDS = 2.0


@dataclass
class Assault:
    """The answers that the attackers got: statuses by attack, and opened sockets by kind."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """Answers of 500 and above. 503 is a refusal: the gateway asks to wait."""
        return sum(counted for one in self.statuses.values() for status, counted in one.items() if is_error(status))


def is_error(status: int) -> bool:
    """Whether an answer is the server's fault."""
    return status >= 500 and status != 503


@contextmanager
def under_attack(where: AttackedFleet, least: float, names: Sequence[str]) -> Iterator[Assault]:
    """Attack in these ways, and by sockets, while the block runs and at least so many seconds."""
    told, stop = Assault(), threading.Event()
    authors = [one["id"] for one in where.fleet.shelf.authors() if one["main"]]
    with Sockets() as sockets:
        origins = sockets.receivers(HANGING_RECEIVERS)
        target = Target(authors, where.accounts, where.serials, origins)
        keys = {name: _key(where, name, origins) for name in names}
        threads = [threading.Thread(target=attack, args=(name, key, target, stop)) for name, key in keys.items()]
        began = time.monotonic()
        sockets.strangers(where.port)
        if "hold authors" in keys:  # its tasks fail, and have evidence
            threads.append(threading.Thread(target=_download, args=(where, keys["hold authors"], sockets, stop)))
        for thread in threads:
            thread.start()
        try:
            yield told
            stop.wait(max(0.0, began + least - time.monotonic()))
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
            told.seconds = time.monotonic() - began
            told.statuses = {name: key.statuses for name, key in keys.items()}
            told.opened = sockets.opened


def _key(where: AttackedFleet, name: str, origins: list[str]) -> Key:
    spec = KeySpec(name, "hostile", sandbox=name == SANDBOX, plain_json_allowed=True, allowlist=origins)
    return Key(where.url, *make_key(where.fleet.engine, spec, who="bench"))


def _download(where: AttackedFleet, key: Key, sockets: Sockets, stop: threading.Event) -> None:
    """Once a task of the attacker has failed, download its screenshot over many connections, slowly."""
    while not stop.wait(EVIDENCE_SECONDS):
        path = evidence_of(key)
        if path is not None:
            make = partial(_request, key, f"{path}?seal=none")
            sockets.slow_readers(where.port, ADDRESS, SLOW_DOWNLOADS, make)
            return


def _request(key: Key, target: str) -> bytes:
    headers = {"host": "127.0.0.1", **key.headers("GET", target)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--seconds", type=within(1, 3600), default=60.0, help="of the attacks at least (default 60)")
    parser.add_argument("--phones", type=at_least(1), default=8, help="simulated phones (default 8)")
    parser.add_argument(
        "--speed", type=within(0.1, 1000), default=10.0, help="times as fast as real phones (default 10)"
    )
    every = (*ATTACKS, SANDBOX)
    parser.add_argument("--attack", action="append", choices=every, help="only this one; as often as needed")
    told = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with attacked_fleet(told.phones, told.speed) as where, Receiver() as receiver:
        alone = Customer(where, receiver).run_campaign(LONGEST_ALONE)
    print(f"alone: {alone}", flush=True)
    with attacked_fleet(told.phones, told.speed) as where, Receiver() as receiver:
        customer = Customer(where, receiver)
        with under_attack(where, told.seconds, told.attack or every) as assault:
            time.sleep(SETTLE_SECONDS)
            attacked = customer.run_campaign(max(LONGEST_TIMES * alone.seconds, told.seconds))
    return report(told.phones, alone, attacked, assault)


def report(phones: int, alone: Measured, attacked: Measured, assault: Assault) -> int:
    """Print and write everything; the exit status."""
    ratio = attacked.seconds / alone.seconds
    missing = sum(one.owed - one.arrived for one in (alone, attacked))
    errors = alone.errors + attacked.errors + assault.errors
    lines = [
        Line("standard campaign, seconds", (alone.seconds, attacked.seconds)),
        Line("how it ended", (alone.state, attacked.state)),
        Line("callbacks owed", (alone.owed, attacked.owed)),
        Line("callbacks arrived", (alone.arrived, attacked.arrived)),
        Line("answers that ask to wait (429, 503)", (alone.refused, attacked.refused)),
        *(Line(f"attack, {name}", ("", statuses_in_words(counted))) for name, counted in assault.statuses.items()),
        *(Line(f"attack, {name}", ("", str(counted))) for name, counted in sorted(assault.opened.items())),
    ]
    measured = {
        "phones": phones,
        "alone": _plain(alone),
        "attacked": _plain(attacked),
        "attack_seconds": assault.seconds,
        "ratio": ratio if attacked.state == alone.state else None,
        "statuses": {name: dict(counted) for name, counted in assault.statuses.items()},
        "opened": dict(assault.opened),
    }
    return finish(
        "hostile",
        f"a standard campaign on {phones} simulated phones, alone and under {assault.seconds:.0f} s of attack",
        ("alone", "attacked"),
        lines,
        measured,
        [
            Goal("time under attack, of alone", ratio, MOST_RATIO),
            Goal("campaigns that did not succeed", (alone.state, attacked.state).count("succeeded") * -1 + 2, 0),
            Goal("callbacks that did not arrive", missing, 0),
            Goal("server errors", errors, 0),
        ],
    )


def statuses_in_words(counted: Mapping[int, int]) -> str:
    """How often which status came: `201: 3, 429: 70, none: 1`."""
    named = ((("none" if status == NO_ANSWER else str(status)), number) for status, number in sorted(counted.items()))
    return ", ".join(f"{status}: {number}" for status, number in named) or "nothing"


def _plain(one: Measured) -> dict[str, object]:
    plain = asdict(one)
    return {**plain, "seconds": None if one.seconds == float("inf") else one.seconds}


if __name__ == "__main__":
    sys.exit(main())
