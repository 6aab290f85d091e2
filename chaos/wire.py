"""A slow wire: what goes in comes out after a delay, but for a share that is lost. The frames of a pair of TAP devices.

It stands in for `tc netem` where the kernel has none. What it loses is lost to TCP, too, which notices and sends again.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import time
from collections import deque
from contextlib import suppress
from threading import Event, Thread

TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
MOST_BYTES = 65536  # of a frame
AT_ONCE = 64  # frames of one device before the other has its turn
LOOK_SECONDS = 0.1
END_SECONDS = 10.0


class Line:
    """One direction of a wire. Times are seconds on any clock; they must not go back."""

    def __init__(self, delay: float, loss: float, seed: int) -> None:
        """`delay`: seconds that each frame takes. `loss`: the share that is lost, 0 to 1."""
        self._delay = delay
        self._loss = loss
        self._rng = random.Random(seed)  # loss, no secret
        self._under_way: deque[tuple[float, bytes]] = deque()
        self.carried = 0
        self.lost = 0

    def enter(self, frame: bytes, now: float) -> None:
        """Takes a frame, or loses it."""
        if self._rng.random() < self._loss:
            self.lost += 1
        else:
            self._under_way.append((now + self._delay, frame))

    def leave(self, now: float) -> list[bytes]:
        """Returns the frames that have arrived by now, in their order."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            arrived.append(self._under_way.popleft()[1])
        self.carried += len(arrived)
        return arrived

    def next_at(self) -> float | None:
        """Returns the time at which the next frame arrives; None when none is under way."""
        return self._under_way[0][0] if self._under_way else None


class SlowWire:
    """Two TAP devices, made in this process's network namespace, and a thread that carries frames between them."""

    def __init__(self, ends: tuple[str, str], delay: float, loss: float, seed: int = 1) -> None:
        """`ends`: the names of the devices; one may be moved into another namespace. Raises OSError without TAP."""
        self._devices = (_tap(ends[0]), _tap(ends[1]))
        self._lines = (Line(delay, loss, seed), Line(delay, loss, seed + 1))  # into the second, into the first
        self._ended = Event()
        self._thread = Thread(target=self._carry, name="slow wire", daemon=True)
        self._thread.start()

    @property
    def carried(self) -> int:
        """The frames that arrived, both ways."""
        return sum(line.carried for line in self._lines)

    @property
    def lost(self) -> int:
        """The frames that were lost, both ways."""
        return sum(line.lost for line in self._lines)

    def close(self) -> None:
        """Removes both devices."""
        self._ended.set()
        self._thread.join(END_SECONDS)
        for device in self._devices:
            os.close(device)

    def _carry(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select(self._devices, [], [], self._rest())
            for place, line in enumerate(self._lines):
                if self._devices[place] in ready:
                    _take_up(self._devices[place], line)
                for frame in line.leave(time.monotonic()):
                    with suppress(OSError):  # a device that is down takes none, as one that is unplugged
                        os.write(self._devices[1 - place], frame)

    def _rest(self) -> float:
        due = [at for line in self._lines if (at := line.next_at()) is not None]
        return min([LOOK_SECONDS, *(max(0.0, at - time.monotonic()) for at in due)])


def _take_up(device: int, line: Line) -> None:
    for _ in range(AT_ONCE):
        try:
            frame = os.read(device, MOST_BYTES)
        except OSError:  # no more frames, or a device that is down
            return
        line.enter(frame, time.monotonic())


def _tap(name: str) -> int:
    device = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(device)
        raise
    return device
