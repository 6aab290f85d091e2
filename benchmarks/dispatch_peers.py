"""The peers that benchmarks/dispatch.py measures: each is run by its own commands, in an environment of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.start import REDIS
from tests.support.postgres import Postgres
from workers.runtime.linux import bound_to_me

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "var" / "peers"
SET_UP = "benchmarks/peers/set_up.sh"
STOP_SECONDS = 10.0  # then it is killed: taskiq's workers do not always end when they are asked to
ANSWER_SECONDS = 120.0
ARQ_JOBS = "BENCH_ARQ_JOBS"
RQ_REDIS = "RQ_REDIS_URL"  # RQ's own
DATABASE = "BENCH_PROCRASTINATE_DATABASE"

Command = Callable[[int], list[str]]  # from how many at once


class NotInstalled(RuntimeError):
    """A peer's environment is missing; the message says what makes it."""


@dataclass(frozen=True, slots=True)
class PeerKind:
    """How a peer is run. `command` follows its Python's -m; `workers_are` is its own notion of a worker.

    Where that is a coroutine, as many processes as there are processors share them. `survives`: what was accepted is
    on disk, so that it outlives the broker's machine.
    """

    heading: str
    module: str
    workers_are: str
    command: Command
    environment: Path = PEERS / "peers"
    coroutines: bool = False
    survives: bool = False
    variables: Callable[[int], Mapping[str, str]] = field(default=lambda _: {})

    @property
    def python(self) -> Path:
        """The Python that has it."""
        return self.environment / "bin" / "python"

    def shares(self, workers: int) -> list[int]:
        """How many tasks each process of it has at once."""
        if not self.coroutines:
            return [workers]
        processes = min(workers, os.cpu_count() or 1)
        return [workers // processes + (at < workers % processes) for at in range(processes)]


KINDS: Mapping[str, PeerKind] = {
    "dramatiq": PeerKind(
        "dramatiq",
        "benchmarks.peers.using_dramatiq",
        "processes with one thread",
        lambda workers: [
            *("dramatiq", "benchmarks.peers.using_dramatiq", "--skip-logging"),
            *("--processes", str(workers), "--threads", "1"),
        ],
    ),
    "rq": PeerKind(
        "RQ",
        "benchmarks.peers.using_rq",
        "processes, each of which forks for each task",
        lambda workers: ["rq.cli", "worker-pool", "-q", "-n", str(workers)],
    ),
    "taskiq": PeerKind(
        "taskiq",
        "benchmarks.peers.using_taskiq",
        "processes",
        lambda workers: [
            *("taskiq", "worker", "benchmarks.peers.using_taskiq:broker", "--log-level", "ERROR"),
            *("--workers", str(workers), "--max-async-tasks", "1"),
        ],
    ),
    "arq": PeerKind(
        "arq",
        "benchmarks.peers.using_arq",
        "coroutines",
        lambda _: [
            *("arq", "benchmarks.peers.using_arq.WorkerSettings"),
            *("--custom-log-dict", "benchmarks.peers.using_arq.LOGGING"),
        ],
        environment=PEERS / "arq",
        coroutines=True,
        variables=lambda share: {ARQ_JOBS: str(share)},
    ),
    "procrastinate": PeerKind(
        "Procrastinate",
        "benchmarks.peers.using_procrastinate",
        "coroutines",
        lambda share: [
            *("procrastinate", "--app", "benchmarks.peers.using_procrastinate.app", "worker"),
            *("--concurrency", str(share)),
        ],
        coroutines=True,
        survives=True,
        variables=lambda _: {"PROCRASTINATE_LOG_LEVEL": "error"},
    ),
}


class Peer:
    """A side of the benchmark: talks to the peer's driver. Raises RuntimeError when that ended or does not answer."""

    def __init__(self, driver: subprocess.Popen[bytes]) -> None:
        self._driver = driver

    def send(self, count: int) -> None:
        """Hand over so many tasks."""
        self._ask("send", count)

    def send_one(self) -> None:
        """Hand over one task that says when it began."""
        self._ask("send_one", None)

    def done(self) -> int:
        """How many tasks ended so far."""
        return self._ask("done", None)

    def _ask(self, what: str, count: int | None) -> int:
        asked, told = self._driver.stdin, self._driver.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps({what: count}).encode() + b"\n")
        asked.flush()
        ready, _, _ = select.select([told], [], [], ANSWER_SECONDS)
        line = told.readline() if ready else b""
        if not line.strip().isdigit():
            raise RuntimeError(f"the peer's driver did not answer {what} within {ANSWER_SECONDS:g} s: {line!r}")
        return int(line)


def check_installed(kinds: Sequence[PeerKind]) -> None:
    """Raises NotInstalled when a peer's environment is missing."""
    missing = [kind.heading for kind in kinds if not kind.python.exists()]
    if missing:
        raise NotInstalled(f"{', '.join(missing)}: not installed; run {SET_UP}, or leave them out with --peers alone")


@contextmanager
def peer(kind: PeerKind, redis: str, workers: int) -> Iterator[Peer]:
    """So many workers of the peer and its driver, until the block ends; its database too, if it wants one."""
    with ExitStack() as stack:
        env = {**os.environ, REDIS: redis, RQ_REDIS: redis, "PYTHONWARNINGS": "ignore"}
        if kind.survives:
            env[DATABASE] = stack.enter_context(Postgres()).address
            schema = [str(kind.python), "-m", "procrastinate", "--app", f"{kind.module}.app"]
            subprocess.run([*schema, "schema", "--apply"], env=env, check=True, capture_output=True, timeout=60)
        for share in kind.shares(workers):
            stack.enter_context(_running(kind, kind.command(share), {**env, **kind.variables(share)}))
        driver = ["benchmarks.peers.driver", kind.module]
        yield Peer(stack.enter_context(_running(kind, driver, env, asked=True)))


@contextmanager
def _running(
    kind: PeerKind, command: Sequence[str], env: Mapping[str, str], *, asked: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE if asked else subprocess.DEVNULL
    process = subprocess.Popen(
        bound_to_me([str(kind.python), "-m", *command]),
        env=dict(env),
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
