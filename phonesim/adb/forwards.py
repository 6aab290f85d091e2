"""What an adb server forwards: ports of its machine that lead to services of phones (`adb forward`)."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from phonesim.adb.dial import NotOpened, dial
from phonesim.adb.port import HOST
from phonesim.adb.usb import Transport


class NotForwarded(Exception):
    """The text is adb's."""


@dataclass(slots=True)
class _Forward:
    remote: str
    transport: Transport
    server: asyncio.Server


class Forwards:
    """By local address, `tcp:PORT`; other kinds of local addresses are not simulated."""

    def __init__(self) -> None:
        self._all: dict[str, _Forward] = {}

    def __str__(self) -> str:
        """As `adb forward --list` shows them."""
        return "".join(f"{one.transport.name} {local} {one.remote}\n" for local, one in self._all.items())

    async def add(self, request: str, transport: Transport) -> int | None:
        """`[norebind:]LOCAL;REMOTE`: lead LOCAL to a service of this phone; the port, where tcp:0 left it open.

        Raises NotForwarded.
        """
        addresses = request.removeprefix("norebind:")
        local, _, remote = addresses.partition(";")
        number = local.removeprefix("tcp:")
        if not (local.startswith("tcp:") and number.isdecimal() and int(number) < 65536 and remote):
            raise NotForwarded(f"cannot forward '{addresses}': only tcp:PORT can be a local address")
        if local in self._all:
            if addresses != request:
                raise NotForwarded("cannot rebind existing socket")
            self._all[local].remote, self._all[local].transport = remote, transport
            return None
        try:
            server = await asyncio.start_server(lambda *ends: self._serve(local, *ends), HOST, int(number))
        except OSError as error:
            raise NotForwarded(f"cannot bind listener: {os.strerror(error.errno or 0)}") from None
        port: int = server.sockets[0].getsockname()[1]
        local = f"tcp:{port}"
        self._all[local] = _Forward(remote, transport, server)
        return None if port == int(number) else port

    def remove(self, local: str) -> None:
        """Raises NotForwarded."""
        if local not in self._all:
            raise NotForwarded(f"listener '{local}' not found")
        self._all.pop(local).server.close()

    def clear(self) -> None:
        """Remove all."""
        for local in list(self._all):
            self.remove(local)

    async def _serve(self, local: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = self._all.get(local)
        try:
            if one is not None and one.transport.port is not None and one.transport.shown:
                host, _, port = one.transport.port.address.rpartition(":")
                await (await dial(host, int(port), one.remote)).join(reader, writer)
        except (NotOpened, ConnectionError, asyncio.CancelledError):
            pass  # nothing listens on the phone, or one end left; a cancelled handler would be logged as an error
        finally:
            writer.close()
