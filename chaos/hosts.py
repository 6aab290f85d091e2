"""Three hosts in network namespaces of their own: one is cut off and healed under work, one has a slow wire.

`python -m chaos.hosts [--phones 6] [--tasks 48] [--rtt 0.2] [--loss 0.02] [--lease 15] [--folder KEPT]`, as root.
MariaDB, Redis and the coordinator are at the centre, and each host has a third of the phones, at cables that are never
cut. Every task writes a comment of a text of its own, so that a lost or doubled one is seen in the ground truth. The
last line is the verdict; 0 only when nothing was lost, done twice or stuck, and every host did its part.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from celery import group
from celery.canvas import Signature

from chaos.fleet import CAPS
from chaos.judge import judge
from chaos.look import running, still_open
from chaos.network import CENTRE, PHONES, Host, Network, NoNetwork, Slow, alone
from chaos.rows import read_rows
from chaos.servers import StormRedis
from models.responsible_use.authors import set_cap
from models.tables import Attempt
from scripts.local.embedded import free_port
from scripts.local.processes import HOST, Part
from tests.support.arguments import at_least, within
from tests.support.fleet import Fleet
from tests.support.servers import MariaDB
from tests.support.work import comments
from workers.planting.submit import submit

HOSTS = 3
USER = "fleet"
WAIT_SECONDS = 240.0
OF_THE_CUT, OF_THE_SLOW = 6, 2  # tasks that only a certain phone may take, for each phone of these hosts
MEANWHILE = 4  # tasks that others must have ended since the cut


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the tasks, and what shows that the trouble was there."""

    tasks: int
    lost: int
    doubled: int
    stuck: int
    review: int
    differences: int  # between the ledger and the truth
    did: Sequence[int]  # tasks that each host ended well
    took: Sequence[float]  # and their seconds there, at the median
    attempts_lost: int  # those of the host that was cut off
    meanwhile: int  # tasks that ended elsewhere while it was
    after: int  # tasks that the healed host ended
    carried: int  # frames of the slow wire that arrived
    dropped: int  # and those that did not
    away_seconds: float

    @property
    def good(self) -> bool:
        """Nothing was lost, done twice or stuck; every host did its part, the healed one again."""
        bad = (self.lost, self.doubled, self.stuck, self.review, self.differences)
        return not any(bad) and all(self.did) and self.meanwhile > 0 and self.after > 0 and self.carried > 0

    def __str__(self) -> str:
        return (
            f"hosts: {self.tasks} tasks, lost {self.lost}, doubled {self.doubled}, stuck {self.stuck}, "
            f"review {self.review}, ledger and truth differ in {self.differences}; "
            f"done by each host {', '.join(map(str, self.did))}, "
            f"each in {', '.join(f'{seconds:.1f}' for seconds in self.took)} s; "
            f"cut off for {self.away_seconds:.1f} s: "
            f"attempts lost {self.attempts_lost}, done elsewhere {self.meanwhile}, done by it since {self.after}; "
            f"slow wire: {self.carried} frames, {self.dropped} more were lost"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial, print the verdict, return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos.hosts", description=__doc__)
    parser.add_argument("--phones", type=at_least(1), default=6)
    parser.add_argument("--tasks", type=at_least(1), default=48)
    parser.add_argument("--speed", type=within(0.1, 1000), default=2.0)
    parser.add_argument("--rtt", type=within(0, 5), default=0.2, help="seconds of the slow wire, both ways together")
    parser.add_argument("--loss", type=within(0, 0.5), default=0.02, help="share of frames that it loses, each way")
    parser.add_argument("--lease", type=within(1, 600), default=15.0, help="PHONEFLEET_LEASE of its host, seconds")
    parser.add_argument(
        "--folder", type=Path, help="keep logs and ground truth here (default: a folder that is removed)"
    )
    asked = parser.parse_args(arguments)
    try:
        alone(["-m", "chaos.hosts", *(sys.argv[1:] if arguments is None else arguments)])
        with tempfile.TemporaryDirectory() as passing, Network(HOSTS, Slow(asked.rtt / 2, asked.loss)) as network:
            verdict = run(asked.folder or Path(passing), network, asked)
    except NoNetwork as error:
        print(f"chaos.hosts: {error}", file=sys.stderr)
        return 2
    print(verdict)
    return 0 if verdict.good else 1


def run(folder: Path, network: Network, asked: argparse.Namespace) -> Verdict:
    """A fleet on the network, and the trial."""
    redis = StormRedis(folder / "redis", CENTRE)
    redis.start()
    try:
        with _ledger() as (near, far), HostsFleet(folder, near, redis.url, network, far, asked) as fleet:
            for name, value in CAPS.items():
                set_cap(fleet.engine, name, value, who="chaos")
            return trial(fleet, network, asked.tasks)
    finally:
        redis.kill()


@contextmanager
def _ledger() -> Iterator[tuple[str, str]]:
    """A MariaDB; its database's address at the centre, and the one for hosts."""
    with MariaDB("--bind-address=0.0.0.0") as server, server.database() as url:
        server.execute(f"CREATE USER '{USER}'@'10.77.0.%'")
        server.execute(f"GRANT ALL ON {url.rpartition('/')[2].partition('?')[0]}.* TO '{USER}'@'10.77.0.%'")
        yield url, url.replace("root@127.0.0.1", f"{USER}@{CENTRE}")


class HostsFleet(Fleet):
    """A host agent in every host's network, each with its share of the phones."""

    _phones_at = PHONES

    def __init__(
        self, folder: Path, database_url: str, redis_url: str, network: Network, far: str, asked: argparse.Namespace
    ) -> None:
        """`far`: the ledger's address for hosts."""
        super().__init__(folder, database_url, redis_url, asked.phones, speed=asked.speed)
        self._slow_lease = f"{asked.lease:g}"
        self._network = network
        self._for_hosts = {
            "PHONEFLEET_DATABASE_URL": far,
            "PHONEFLEET_REDIS_URL": redis_url.replace("127.0.0.1", CENTRE),
            "PHONEFLEET_ADB_USB": "0",
        }

    def serials(self, host: Host) -> list[str]:
        """The phones of a host."""
        return [phone["serial"] for phone in self.described()][host.number :: HOSTS]

    def done_by(self, host: Host) -> int:
        """How many attempts of a host's phones went well."""
        return sum(attempt.outcome == "succeeded" for attempt in self.attempts_of(host))

    def seconds_of(self, host: Host) -> list[float]:
        """How long each of those took."""
        good = [one for one in self.attempts_of(host) if one.outcome == "succeeded"]
        return [(one.ended_at - one.started_at).total_seconds() for one in good if one.ended_at is not None]

    def attempts_of(self, host: Host) -> list[Attempt]:
        """All attempts of a host's phones."""
        mine = set(self.serials(host))
        return [attempt for attempt in self.attempts() if attempt.phone_serial in mine]

    def done_by_others(self, host: Host) -> int:
        """How many attempts of all other hosts' phones did."""
        return sum(self.done_by(one) for one in self._network.hosts if one is not host)

    def at_work(self, host: Host) -> bool:
        """A phone of this host runs a task, by the ledger."""
        return bool({one.serial for one in running(self.engine)} & set(self.serials(host)))

    def _start_hosts(self) -> None:
        for host in self._network.hosts:
            env = {
                **self._for_hosts,
                "PHONEFLEET_HOST": host.name,
                "PHONEFLEET_VAR": str(self._folder / host.name),
                "PHONEFLEET_ADB_PORT": str(free_port()),  # they share the folder of the locks of one machine's agents
                "PHONEFLEET_ADB_CONNECT": ",".join(self.shelf.addresses[host.number :: HOSTS]),
            }
            if host is self._network.hosts[-1]:  # a claim alone takes most of the usual lease there
                env["PHONEFLEET_LEASE"] = self._slow_lease
            self.processes.start(Part(host.name, (*host.inside, *HOST.command), env))


def trial(fleet: HostsFleet, network: Network, tasks: int) -> Verdict:
    """Cut the first host off while its phones work, until the others have gone on without it; heal it, and wait."""
    cut, slow = network.hosts[0], network.hosts[-1]
    work = iter(comments(fleet, tasks).tasks)
    pinned = [one for serial in fleet.serials(cut) for one in _on(serial, islice(work, OF_THE_CUT))]
    pinned += [one for serial in fleet.serials(slow) for one in _on(serial, islice(work, OF_THE_SLOW))]
    submit(group([*pinned, *islice(work, (tasks - len(pinned)) // 2)]), name="before", engine=fleet.engine)
    fleet.wait(lambda: fleet.done_by(cut) and fleet.at_work(cut), WAIT_SECONDS, "the first host to be at work")
    network.cut(cut)
    mine, others, began = fleet.done_by(cut), fleet.done_by_others(cut), time.monotonic()
    try:
        submit(group(list(work)), name="meanwhile", engine=fleet.engine)
        fleet.wait(lambda: not fleet.at_work(cut), WAIT_SECONDS, "the ledger to give up what the first host did")
        enough = others + MEANWHILE
        fleet.wait(lambda: fleet.done_by_others(cut) >= enough, WAIT_SECONDS, "the others to go on")
        meanwhile = fleet.done_by_others(cut) - others
    finally:
        network.heal(cut)
    away = time.monotonic() - began
    try:
        fleet.wait(fleet.all_ended, WAIT_SECONDS, "all tasks to end")
    except TimeoutError:  # the verdict counts them as stuck
        print("\n".join(["not ended:", *still_open(fleet.engine)]), file=sys.stderr)
    return verdict_of(fleet, network, tasks, meanwhile, fleet.done_by(cut) - mine, away)


def _on(serial: str, signatures: Iterable[Signature]) -> list[Signature]:
    return [one.set(queue=f"phone.{serial}") for one in signatures]


def verdict_of(fleet: HostsFleet, network: Network, tasks: int, meanwhile: int, after: int, away: float) -> Verdict:
    """Hold the ledger and the truth against what was asked."""
    found = judge(read_rows(fleet.engine, fleet.shelf.truth), tasks)
    outcomes = Counter(attempt.outcome for attempt in fleet.attempts_of(network.hosts[0]))
    return Verdict(
        tasks=tasks,
        lost=len(found.lost),
        doubled=len(found.doubled),
        stuck=len(found.stuck),
        review=len(found.review),
        differences=len(fleet.differences()),
        did=[fleet.done_by(host) for host in network.hosts],
        took=[median(fleet.seconds_of(host) or [0.0]) for host in network.hosts],
        attempts_lost=outcomes["lost"],
        meanwhile=meanwhile,
        after=after,
        carried=network.wire.carried,
        dropped=network.wire.lost,
        away_seconds=away,
    )


if __name__ == "__main__":
    sys.exit(main())
