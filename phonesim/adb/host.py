"""The adb server of a machine at whose USB ports the simulated phones hang: it lists what no real one here could.

The real adb server takes simulated phones in the network alone. This one speaks the same "smart socket" protocol to
its clients (docs/dev/services.md of adb), and shows phones at USB ports: with equal serials, without permission,
with names that hold blanks, at USB and in the network at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from phonesim.adb.dial import NotOpened, dial
from phonesim.adb.port import HOST, AdbPort
from phonesim.adb.usb import Transport, choose, listing
from phonesim.adb.waiting import WAIT_FOR, Wanted

SERVER_VERSION = 41  # adb's ADB_SERVER_VERSION; a client that expects another one kills the server
NEWS_SECONDS = 0.02  # between looks whether the list changed
FEATURES = "shell_v2"


class Refused(Exception):
    """Answered with FAIL; the text is adb's."""


class AdbHost:
    """Serves one port of this machine. Phones come by `attach`; `change` has them listed otherwise."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)
        self._phones: dict[str, tuple[AdbPort, dict[str, str]]] = {}  # by what phonesim calls them
        self._at_usb: dict[str, Transport] = {}  # by the same, or by the USB port for a line alone
        self._network: dict[str, Transport] = {}  # by address
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    def attach(self, serial: str, port: AdbPort, properties: dict[str, str]) -> None:
        """Hang a phone at the next USB port."""
        self._phones[serial] = port, properties
        number = next(self._numbers)
        self._at_usb[serial] = Transport(number, serial, port, f"usb:1-{number}", properties=properties)

    async def start(self) -> None:
        """Listen. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, HOST, self._port)

    def stop(self) -> None:
        """End, and hang up on all clients."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._clients):
            writer.transport.abort()

    def change(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """List a phone at USB, or a line without one (`usb`), otherwise: `name`, `state` (None: its own), `plugged`.

        A phone's name is its serial: it tells the same one by ro.serialno. Raises KeyError.
        """
        key = str(options["phone"] if "phone" in options else options["usb"])
        if key not in self._at_usb:
            if "phone" in options:
                raise KeyError(key)
            self._at_usb[key] = Transport(next(self._numbers), "", None, key, "no permissions")
        line = self._at_usb[key]
        if "name" in options:
            line.name = str(options["name"])
            if line.port is not None:
                line.properties["ro.serialno"] = line.name
        if "state" in options:
            line.state = None if options["state"] is None else str(options["state"])
        line.plugged = bool(options.get("plugged", line.plugged))
        return {"name": line.name, "state": line.now, "usb": line.usb, "plugged": line.plugged}

    @property
    def _transports(self) -> list[Transport]:
        return [*self._at_usb.values(), *self._network.values()]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        chosen: Transport | None = None
        try:
            while True:
                size = int(await reader.readexactly(4), 16)
                request = (await reader.readexactly(size)).decode("utf-8", "replace")
                try:
                    if chosen is not None:
                        await self._open(chosen, request, reader, writer)
                        return
                    chosen = await self._answer(request, reader, writer)
                except Refused as refusal:
                    writer.write(b"FAIL" + _sized(str(refusal)))
                    return
                if chosen is None:
                    return
        except (ValueError, EOFError, ConnectionError, asyncio.CancelledError):
            pass  # no adb client, or it left; a cancelled handler would be logged as an error
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _answer(
        self, request: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Transport | None:
        """Answer a request to the server itself; the transport that it asks for, if it does. Raises Refused."""
        kind, _, rest = request.partition(":")
        command, _, target = rest.partition(":")
        if kind == "host-serial":
            target, _, command = rest.rpartition(":")
        if kind not in ("host", "host-serial"):
            raise Refused("unknown host service")
        if command in ("transport", "tport"):
            found = self._find(target.removeprefix("serial:") if command == "tport" else target)
            writer.write(b"OKAY" + (found.number.to_bytes(8, "little") if command == "tport" else b""))
            return found
        if command in ("track-devices", "track-devices-l"):
            await self._track(reader, writer, long=command.endswith("-l"))
        elif command.startswith(WAIT_FOR):
            await self._wait_for(command, target if kind == "host-serial" else "", reader, writer)
        else:
            writer.write(b"OKAY" + _sized(await self._said(command, target)))
        return None

    async def _said(self, command: str, target: str) -> str:
        match command:
            case "version":
                return f"{SERVER_VERSION:04x}"
            case "features" | "host-features":
                return FEATURES
            case "devices" | "devices-l":
                return listing(self._transports, long=command.endswith("-l"))
            case "get-state":
                return self._find(target).now
            case "connect":
                return self._connect(target)
            case "disconnect":
                if self._network.pop(target, None) is None:
                    raise Refused(f"no such device '{target}'")
                return f"disconnected {target}"
        raise Refused("unknown host service")

    def _connect(self, address: str) -> str:
        if address in self._network:
            return f"already connected to {address}"
        for port, properties in self._phones.values():
            if port.plugged and port.address == address:
                self._network[address] = Transport(next(self._numbers), address, port, properties=properties)
                return f"connected to {address}"
        return f"failed to connect to '{address}': Connection refused"

    def _find(self, target: str) -> Transport:
        found = choose(self._transports, target)
        if isinstance(found, str):
            raise Refused(found)
        return found

    async def _wait_for(
        self, command: str, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """`wait-for-TRANSPORT-STATE`: one OKAY at once, one when it is so. Raises Refused."""
        wanted = Wanted.parse(command, target)
        if isinstance(wanted, str):
            raise Refused(wanted)
        writer.write(b"OKAY")
        while not reader.at_eof():
            met = wanted.met(self._transports)
            if isinstance(met, str):
                raise Refused(met)
            if met:
                writer.write(b"OKAY")
                return
            await asyncio.sleep(NEWS_SECONDS)

    async def _track(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, long: bool) -> None:
        writer.write(b"OKAY")
        before: str | None = None
        while not (writer.is_closing() or reader.at_eof()):
            now = listing(self._transports, long=long)
            if now != before:
                writer.write(_sized(now))
                await writer.drain()
                before = now
            await asyncio.sleep(NEWS_SECONDS)

    async def _open(
        self, chosen: Transport, service: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if chosen.port is None or not chosen.shown:
            raise Refused("closed")
        host, _, port = chosen.port.address.rpartition(":")
        try:
            opened = await dial(host, int(port), service)
        except NotOpened as error:
            raise Refused(str(error)) from None
        writer.write(b"OKAY")
        await opened.join(reader, writer)


def _sized(text: str) -> bytes:
    data = text.encode()
    return b"%04x" % len(data) + data
