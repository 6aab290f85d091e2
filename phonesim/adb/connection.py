"""One TCP connection of an adb server to a phone: handshake, then many streams."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from enum import StrEnum

from phonesim.adb.stream import Stream, StreamClosed
from phonesim.adb.wire import (
    AUTH_SIGNATURE,
    AUTH_TOKEN,
    HEADER_SIZE,
    MAX_PAYLOAD,
    VERSION,
    Command,
    Header,
    WireError,
    features,
    pack,
    unpack_header,
)

log = logging.getLogger(__name__)

DELAYED_ACK = "delayed_ack"
WINDOW = 32 * 1024 * 1024  # bytes that adbd takes ahead; INITIAL_DELAYED_ACK_BYTES

Service = Callable[[Stream], Awaitable[None]]
FindService = Callable[[str], Service | None]


class Greeting(StrEnum):
    """How the phone answers an adb server that says hello."""

    DEVICE = "device"
    OFFLINE = "offline"  # never answers
    UNAUTHORIZED = "unauthorized"  # asks for a signature and takes none


class Connection:
    """Speaks for one phone. `find_service` maps a service name to its handler, None refuses it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        greeting: Greeting,
        identity: bytes,
        find_service: FindService,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._greeting = greeting
        self._identity = identity
        self._find_service = find_service
        self._streams: dict[int, Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_id = 0
        self._max_payload = MAX_PAYLOAD
        self._delayed_acks = False
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def serve(self) -> None:
        """Answer messages until the connection ends, then end all its streams."""
        try:
            while True:
                header = unpack_header(await self._reader.readexactly(HEADER_SIZE))
                payload = await self._reader.readexactly(header.length) if header.length else b""
                self._handle(header, payload)
        except (asyncio.IncompleteReadError, ConnectionError, WireError) as error:
            log.debug("connection ended: %r", error)
        finally:
            for stream in list(self._streams.values()):
                stream.on_close()
            self._streams.clear()
            self._writer.close()

    def abort(self) -> None:
        """Cut the line, as pulling the cable does."""
        self._writer.transport.abort()

    def _handle(self, header: Header, payload: bytes) -> None:
        if header.command == Command.CNXN:
            self._greet(header, payload)
        elif header.command == Command.AUTH and header.arg0 == AUTH_SIGNATURE:
            self._ask_for_signature()  # that key is unknown here; after the last one comes a public key
        elif self._greeting is not Greeting.DEVICE:
            return
        elif header.command == Command.OPEN:
            self._open(header.arg0, header.arg1, payload)
        elif stream := self._streams.get(header.arg1):
            if header.command == Command.WRTE:
                stream.on_data(payload)
            elif header.command == Command.OKAY:
                stream.on_okay(int.from_bytes(payload, "little", signed=True) if len(payload) == 4 else 0)
            elif header.command == Command.CLSE:
                stream.on_close()

    def _greet(self, header: Header, payload: bytes) -> None:
        self._max_payload = min(MAX_PAYLOAD, header.arg1)
        self._delayed_acks = DELAYED_ACK in features(payload) & features(self._identity)
        if self._greeting is Greeting.DEVICE:
            self._send(pack(Command.CNXN, VERSION, MAX_PAYLOAD, self._identity))
        elif self._greeting is Greeting.UNAUTHORIZED:
            self._ask_for_signature()

    def _ask_for_signature(self) -> None:
        self._send(pack(Command.AUTH, AUTH_TOKEN, 0, os.urandom(20)))

    def _open(self, remote_id: int, window: int, payload: bytes) -> None:
        name = payload.partition(b"\0")[0].decode("utf-8", "replace")
        if (window > 0) is not self._delayed_acks:  # neither side may take for granted what was not agreed
            self._send(pack(Command.CLSE, 0, remote_id))
            return
        service = self._find_service(name)
        if service is None:
            self._send(pack(Command.CLSE, 0, remote_id))
            return
        self._last_id += 1
        stream = Stream(self._last_id, remote_id, self._send, self._max_payload, window or None)
        self._streams[self._last_id] = stream
        room = WINDOW.to_bytes(4, "little") if self._delayed_acks else b""
        self._send(pack(Command.OKAY, self._last_id, remote_id, room))
        task = asyncio.create_task(self._run(self._last_id, stream, service), name=f"adb {name[:40]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, stream_id: int, stream: Stream, service: Service) -> None:
        try:
            await service(stream)
        except StreamClosed:
            pass
        except Exception:
            log.exception("a service of the simulated phone failed")
        finally:
            stream.close()
            self._streams.pop(stream_id, None)

    def _send(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)
