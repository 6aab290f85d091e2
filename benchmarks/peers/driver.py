"""Sends a peer its tasks and counts those that ended, as benchmarks/dispatch_peers.py asks on standard input.

`python -m benchmarks.peers.driver benchmarks.peers.using_rq`, by the Python that has the peer. A line asks for
something, as `{"send": 1000}`, `{"send_one": null}` or `{"done": null}`; a line answers with a number, tasks sent or
ended so far.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Protocol, cast

from benchmarks.peers.start import note_publication, shared_redis


class Peer(Protocol):
    """A module, as those of this folder."""

    def send(self, count: int) -> None:
        """Hand over so many tasks."""

    def send_one(self) -> None:
        """Hand over one task that says when it began."""

    def done(self) -> int:
        """How many tasks ended so far, by what the peer itself keeps of them."""


def main() -> None:
    """Answer until standard input ends."""
    peer = cast("Peer", import_module(sys.argv[1]))
    for line in sys.stdin:
        ((asked, count),) = json.loads(line).items()
        print(_answer(peer, asked, count), flush=True)


def _answer(peer: Peer, asked: str, count: int | None) -> int:
    if asked == "send" and count is not None:
        peer.send(count)
        return count
    if asked == "send_one":
        note_publication(shared_redis())
        peer.send_one()
        return 1
    if asked == "done":
        return peer.done()
    raise ValueError(f"asked for {asked!r}: there are send with a count, send_one and done")


if __name__ == "__main__":
    main()
