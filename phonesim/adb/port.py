"""The phone's ADB port: it listens while the phone is plugged in, and knows its connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from phonesim.adb.connection import Connection, Greeting
from phonesim.adb.services import FEATURES, find_service
from phonesim.adb.wire import banner

if TYPE_CHECKING:
    from phonesim.device import Device

HOST = "127.0.0.1"


class AdbPort:
    """One phone's TCP port, as `adb tcpip` opens it."""

    def __init__(self, device: Device, port: int, host: str = HOST) -> None:
        """`port` 0 takes a free one; `address` has it after `plug`."""
        self._device = device
        self._port = port
        self._host = host
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._greeting = Greeting.DEVICE

    @property
    def address(self) -> str:
        """HOST:PORT for `adb connect`."""
        return f"{self._host}:{self._port}"

    @property
    def plugged(self) -> bool:
        return self._server is not None

    @property
    def greeting(self) -> Greeting:
        return self._greeting

    async def plug(self) -> None:
        """Listen; the same port again after an unplug."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self._host, self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def unplug(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Cut every connection, but go on listening."""
        for connection in list(self._connections):
            connection.abort()

    def greet_as(self, greeting: Greeting) -> None:
        """From the next connection on answer so; the present ones are cut."""
        if greeting is not self._greeting:
            self._greeting = greeting
            self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device = self._device
        identity = banner(device.properties, FEATURES)
        connection = Connection(reader, writer, self._greeting, identity, lambda name: find_service(device, name))
        self._connections.add(connection)
        try:
            await connection.serve()
        except asyncio.CancelledError:
            pass  # the loop ends; asyncio would log the cancelled handler as an error
        finally:
            self._connections.discard(connection)
