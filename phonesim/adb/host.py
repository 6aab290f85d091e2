"""The adb server of a machine at whose USB ports the simulated phones hang: it lists what no real one here could.

The real adb server takes simulated phones in the network alone. This one speaks the same "smart socket" protocol to
its clients (docs/dev/services.md of adb), and shows phones at USB ports: with equal serials, without permission,
with names that hold blanks, at USB and in the network at once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from phonesim.adb.dial import NotOpened, dial
from phonesim.adb.forwards import Forwards, NotForwarded
from phonesim.adb.port import HOST, AdbPort
from phonesim.adb.request import Request, Target, choose, parse
from phonesim.adb.usb import Transport, listing
from phonesim.adb.waiting import WAIT_FOR, Wanted

SERVER_VERSION = 41  # adb's ADB_SERVER_VERSION; a client that expects another one kills the server
NEWS_SECONDS = 0.02  # between looks whether the list changed
FEATURES = "shell_v2"
FORWARDING = ("forward", "killforward", "killforward-all")


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
        self._forwards = Forwards()
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
        self._forwards.clear()
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
                    if chosen is not None and not request.startswith("host"):
                        await self._open(chosen, request, reader, writer)
                        return
                    chosen = await self._answer(request, chosen, reader, writer)
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
        self, text: str, chosen: Transport | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Transport | None:
        """Answer a request to the server itself; the transport that it asks for, if it does. Raises Refused.

        `chosen`: what the same client asked for before, and means where it names none.
        """
        request = parse(text)
        if request is None:
            raise Refused("unknown host service")
        if chosen is not None and request.target == Target():
            request = replace(request, target=Target("id", str(chosen.number)))
        if request.command in ("transport", "tport"):
            found = self._find(request.target)
            writer.write(b"OKAY" + (found.number.to_bytes(8, "little") if request.command == "tport" else b""))
            return found
        if request.command in ("track-devices", "track-devices-l"):
            await self._track(reader, writer, long=request.command.endswith("-l"))
        elif request.command.startswith(WAIT_FOR):
            await self._wait_for(request, reader, writer)
        elif request.command in FORWARDING:
            port = await self._forward(request)
            writer.write(b"OKAY" * 2 + (_sized(str(port)) if port else b""))
        else:
            writer.write(b"OKAY" + _sized(self._said(request)))
        return None

    async def _forward(self, request: Request) -> int | None:
        """Forward, or no longer; the port that was chosen, if one was. Raises Refused."""
        try:
            if request.command == "forward":
                return await self._forwards.add(request.argument, self._find(request.target))
            if request.command == "killforward":
                self._forwards.remove(request.argument)
            else:
                self._forwards.clear()
        except NotForwarded as error:
            raise Refused(str(error)) from None
        return None

    def _said(self, request: Request) -> str:
        match request.command:
            case "version":
                return f"{SERVER_VERSION:04x}"
            case "features" | "host-features":
                return FEATURES
            case "devices" | "devices-l":
                return listing(self._transports, long=request.command.endswith("-l"))
            case "list-forward":
                return str(self._forwards)
            case "connect":
                return self._connect(request.argument)
            case "disconnect":
                return self._disconnect(request.argument)
        return self._said_of(request)

    def _said_of(self, request: Request) -> str:
        match request.command:
            case "get-state":
                return self._find(request.target).now
            case "get-serialno":
                return self._find(request.target).name
            case "get-devpath":
                return self._find(request.target).usb or "unknown"
        raise Refused("unknown host service")

    def _connect(self, address: str) -> str:
        if address in self._network:
            return f"already connected to {address}"
        for port, properties in self._phones.values():
            if port.plugged and port.address == address:
                self._network[address] = Transport(next(self._numbers), address, port, properties=properties)
                return f"connected to {address}"
        return f"failed to connect to '{address}': Connection refused"

    def _disconnect(self, address: str) -> str:
        if self._network.pop(address, None) is None:
            raise Refused(f"no such device '{address}'")
        return f"disconnected {address}"

    def _find(self, target: Target) -> Transport:
        found = choose(self._transports, target)
        if isinstance(found, str):
            raise Refused(found)
        return found

    async def _wait_for(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """`wait-for-TRANSPORT-STATE`: one OKAY at once, one when it is so. Raises Refused."""
        wanted = Wanted.parse(request.command, request.target)
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
