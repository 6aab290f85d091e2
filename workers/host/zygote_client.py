"""The agent's client of the zygote: starts it, orders workers, receives messages of their starts and ends."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread

from workers.host import zygote_messages
from workers.host.pidfds import Processes
from workers.runtime.slots import Slot, make_memory, map_slots
from workers.runtime.worker_identity import WorkerIdentity

START_SECONDS = 60.0
SEND_SECONDS = 5  # a zygote that runs takes an order within milliseconds

# Memory tuning of every worker: give pages back soon after a big dump or picture was handled,
# and keep the arenas of the two busy threads from growing apart.
MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "65536"}


class ZygoteLost(Exception):
    """The zygote ended or does not answer; all workers ended with it."""


class ZygoteClient:
    """One zygote and the slots that its workers share with this process.

    Make it in the process's main thread: the kernel ends the zygote with the thread that started it.
    """

    def __init__(self, count: int, *, pool_open_at_first: bool = True) -> None:
        """`pool_open_at_first`: a new worker serves the pool at once, without being let into it."""
        self._count = count
        self._pool_open_at_first = pool_open_at_first
        self._workers = Processes()
        self._memory = make_memory(count + 1)
        *slots, self.heart = map_slots(self._memory, count + 1)
        self.slots: Sequence[Slot] = tuple(slots)  # the workers'; `heart` is the zygote's own
        self._start()

    @property
    def pid(self) -> int:
        """Returns the zygote's process id."""
        return self._process.pid

    def restart(self) -> None:
        """Starts another zygote in place of a lost one. Raises ZygoteLost when that one ends too."""
        self.close()
        self._start()
        self.wait_ready()

    def _start(self) -> None:
        self.heart.clear()
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Python's own timeout would bound the listener's wait for news as well, which may last for days
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        arguments = [str(os.getpid()), str(theirs.fileno()), str(self._memory), str(self._count + 1)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workers.host.zygote", *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), self._memory),
            env={**os.environ, **MALLOC},
            start_new_session=True,  # the terminal's Ctrl-C is for the agent, which drains
        )
        theirs.close()

    def wait_ready(self) -> None:
        """Waits until the zygote has imported everything. Raises ZygoteLost after 60 seconds, or when it ended."""
        self._sock.settimeout(START_SECONDS)
        try:
            message = zygote_messages.receive(self._sock)
        except OSError as error:
            raise ZygoteLost(f"not ready after {START_SECONDS:g} s: {error}") from error
        if not isinstance(message, zygote_messages.Ready):
            raise ZygoteLost("ended while it imported; its own error stands above")
        self._sock.settimeout(None)

    def wait_ended(self, seconds: float) -> None:
        """Waits until a lost zygote and all its workers have ended, at most that long.

        Its socket closes before the kernel ends its children, and Redis may hand a ticket to one of them until then.
        """
        until = time.monotonic() + seconds
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._workers.wait_ended(until - time.monotonic())

    def listen(self, tell: Callable[[zygote_messages.Message | None], None]) -> None:
        """Passes on every start and end of a worker, from a thread of its own, and None when the zygote is gone."""

        sock = self._sock

        def run() -> None:
            try:
                while (message := zygote_messages.receive(sock)) is not None:
                    if isinstance(message, zygote_messages.Born):
                        self._workers.add(message.pid)
                    elif isinstance(message, zygote_messages.Died):
                        self._workers.discard(message.pid)
                    tell(message)
            except OSError:
                pass
            tell(None)

        Thread(target=run, name="zygote-messages", daemon=True).start()

    def fork(self, identity: WorkerIdentity) -> None:
        """Orders a worker with this identity, in a slot that was wiped. Raises ZygoteLost."""
        identity.slot.clear()
        identity.slot.open_pool(self._pool_open_at_first)
        self._send(
            zygote_messages.Fork(
                identity.incarnation,
                identity.serial,
                identity.address,
                identity.adb_port,
                identity.host,
                identity.slot.index,
            )
        )

    def signal(self, incarnation: str, number: signal.Signals) -> None:
        """Signals a worker, if it still lives. Raises ZygoteLost."""
        self._send(zygote_messages.Signal(incarnation, number))

    def kill(self) -> None:
        """Kills a frozen zygote; the listener learns of its end."""
        self._process.kill()

    def close(self) -> None:
        """Ends the zygote, and with it the workers that are left."""
        self._process.kill()
        self._process.wait()
        self._workers.clear()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes the listener, which a close alone would not
        self._sock.close()

    def _send(self, message: zygote_messages.Message) -> None:
        try:
            zygote_messages.send(self._sock, message)
        except OSError as error:
            raise ZygoteLost(str(error)) from error
