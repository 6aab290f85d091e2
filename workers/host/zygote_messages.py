"""The messages between host agent and zygote: one JSON object per packet of a SEQPACKET socket pair."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from typing import Any

PACKET_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Fork:
    """To the zygote: fork a worker with this identity (serial None: the desk)."""

    incarnation: str
    serial: str | None
    address: str
    adb_port: int
    host: str
    slot: int


@dataclass(frozen=True, slots=True)
class Signal:
    """To the zygote: signal the worker of this incarnation, if it still lives."""

    incarnation: str
    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """From the zygote: everything is imported, workers can be forked."""

    pid: int


@dataclass(frozen=True, slots=True)
class Born:
    """From the zygote: the worker of this incarnation runs."""

    incarnation: str
    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """From the zygote: the worker of this incarnation ended, or could not be forked (pid 0)."""

    incarnation: str
    pid: int
    why: str


Message = Fork | Signal | Ready | Born | Died
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Fork, Signal, Ready, Born, Died)}


def send(sock: socket.socket, message: Message) -> None:
    """Sends one message. Raises OSError when the other end is gone."""
    sock.send(json.dumps([type(message).__name__, asdict(message)]).encode())


def receive(sock: socket.socket) -> Message | None:
    """Returns the next message; None when the other end is gone. Raises OSError, BlockingIOError and TimeoutError."""
    data = sock.recv(PACKET_BYTES)
    if not data:
        return None
    kind, fields = json.loads(data)
    return make(kind, fields)


def make(kind: str, fields: dict[str, Any]) -> Message:
    """Makes the message from its kind and fields."""
    return _KINDS[kind](**fields)
