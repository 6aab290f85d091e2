"""The control port: HTTP and JSON for tests, benchmarks and people. docs/phonesim.md lists the routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from phonesim.adb.host import AdbHost
from phonesim.faults import FAULTS, Fault, FaultError, Phone, heal, set_fault
from phonesim.http import BadRequest, Request, Response, serve_http
from phonesim.reader.articles import Articles
from phonesim.roughness import NotRough
from phonesim.update import KINDS
from phonesim.world import World

Body = Mapping[str, Any]
_FAULT_KEYS = frozenset({"phone", "fault", "seconds", "at", "on"})
_SAID = ("author_id", "title", "commenter", "text")


class TcpWire:
    """A TCP connection as phonesim.http wants it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def read_until(self, mark: bytes) -> bytes:
        return await self._reader.readuntil(mark)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


class Control:
    """Answers the control port."""

    def __init__(self, world: World, phones: Mapping[str, Phone], adb_host: AdbHost | None, articles: Articles) -> None:
        self._adb_host = adb_host
        self._world = world
        self._phones = phones
        self._gets: Mapping[str, Callable[[], object]] = {
            "/healthz": lambda: {"ok": True, "phones": len(phones)},
            "/phones": lambda: [_describe(phone) for phone in phones.values()],
            "/faults": lambda: {name: sorted(kind.options) for name, kind in sorted(FAULTS.items())},
            "/truth": world.truth,
            "/world": world.snapshot,
            "/articles": articles.describe,
        }
        self._posts: Mapping[str, Callable[[Body], object]] = {
            "/faults": self._fault,
            "/heal": self._heal,
            "/roughness": self._roughen,
            "/update": self._update,
            "/usb": self._usb,
            "/world/delete_comment": self._delete_comment,
            "/world/say": lambda body: {"id": world.say(*(str(body[key]) for key in _SAID))},
            "/world/publish": lambda body: {"id": world.publish(str(body["author_id"]), str(body["title"]))},
            "/world/forbid": lambda body: self._rule(body, world.forbid),
            "/world/allow": lambda body: self._rule(body, world.allow),
            "/world/moderate": self._moderate,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client of the control port."""
        try:
            await serve_http(TcpWire(reader, writer), self._answer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        except asyncio.CancelledError:
            pass  # the loop ends; asyncio would log the cancelled handler as an error
        finally:
            writer.close()

    async def _answer(self, request: Request) -> Response:
        path, _, query = request.path.partition("?")
        try:
            if request.method == "GET" and path == "/calls":
                return Response.of_json(self._calls(query))
            if request.method == "GET" and path in self._gets:
                return Response.of_json(self._gets[path]())
            if request.method == "POST" and path in self._posts:
                body = request.json()
                if not isinstance(body, dict):
                    raise BadRequest("the body must be a JSON object")
                return Response.of_json(self._posts[path](body))
        except (BadRequest, FaultError) as error:
            return Response.of_json({"error": str(error)}, 400)
        except KeyError as error:
            return Response.of_json({"error": f"unknown or missing: {error.args[0]}"}, 400)
        known = path in self._gets or path in self._posts or path == "/calls"
        return Response.of_json({"error": f"no {request.method} {path} here"}, 405 if known else 404)

    def _calls(self, query: str) -> object:
        """Whoever looks often names a time: while all that 40 phones remember is told, no phone is answered."""
        since = parse_qs(query).get("since", ["0"])[-1]
        try:
            moment = float(since)
        except ValueError as error:
            raise BadRequest(f"since must be seconds since 1970, not {since!r}") from error
        return {serial: _calls(phone, moment) for serial, phone in self._phones.items()}

    def _fault(self, body: Body) -> object:
        seconds = body.get("seconds")
        if seconds is not None and (not isinstance(seconds, int | float) or seconds <= 0):
            raise BadRequest("seconds must be a number above 0")
        options = {key: value for key, value in body.items() if key not in _FAULT_KEYS}
        fault = Fault(str(body["fault"]), seconds, body.get("at"), str(body.get("on", "")), options)
        chosen = self._choose(body)
        for phone in chosen:
            set_fault(phone, fault)
        return {"phones": [phone.device.serial for phone in chosen], "fault": fault.name}

    def _heal(self, body: Body) -> object:
        chosen = self._choose(body)
        for phone in chosen:
            heal(phone, body.get("fault"))
        return {"phones": [phone.device.serial for phone in chosen]}

    def _roughen(self, body: Body) -> object:
        options = {key: value for key, value in body.items() if key != "phone"}
        chosen = self._choose(body)
        try:
            rough = [phone.device.rough.with_options(options) for phone in chosen]
        except NotRough as error:
            raise BadRequest(str(error)) from None
        for phone, habits in zip(chosen, rough, strict=True):
            phone.device.roughen(habits)
        return {"phones": [phone.device.serial for phone in chosen]}

    def _update(self, body: Body) -> object:
        seed, kinds = body.get("seed"), body.get("kinds", [])
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
            raise BadRequest("seed must be a whole number, or null for the apps as they were")
        if not isinstance(kinds, list) or not all(kind in KINDS for kind in kinds):
            raise BadRequest(f"kinds must be a list of {', '.join(KINDS)}")
        chosen = self._choose(body)
        for phone in chosen:
            phone.device.update_apps(seed, tuple(kinds))
        return {phone.device.serial: _versions(phone) for phone in chosen}

    def _usb(self, body: Body) -> object:
        if self._adb_host is None:
            raise BadRequest("nothing is at USB: start phonesim with --adb-port")
        return self._adb_host.change(body)

    def _choose(self, body: Body) -> list[Phone]:
        serial = body["phone"]
        if serial == "*":
            return list(self._phones.values())
        if serial not in self._phones:
            raise BadRequest(f"no phone {serial!r}; known are {', '.join(list(self._phones)[:8])} …")
        return [self._phones[serial]]

    def _delete_comment(self, body: Body) -> object:
        return {"deleted": self._world.delete_comment(*(str(body[key]) for key in _SAID))}

    def _rule(self, body: Body, apply: Callable[[str, str | None], None]) -> object:
        apply(str(body["account"]), body.get("author_id"))
        return {"ok": True}

    def _moderate(self, body: Body) -> object:
        self._world.moderate(str(body["account"]))
        return {"ok": True}


def _describe(phone: Phone) -> dict[str, Any]:
    device = phone.device
    return {
        "serial": device.serial,
        "address": phone.port.address,
        "account": device.app.account_id,
        "plugged": phone.port.plugged,
        "ui_server": device.ui is not None,
        "calls": device.calls,
        "app_running": device.app.running,
        "app_foreground": device.app.foreground,
        "faults": sorted(phone.active),
        "last_call_at": device.ran[-1].began if device.ran else None,
        "rough": asdict(device.rough),
        "armed": [{"fault": fault.name, "at": fault.at, "on": fault.on} for fault in phone.armed],
    }


def _versions(phone: Phone) -> dict[str, str]:
    device = phone.device
    return {app.package: app.version for app in (device.app, device.reader)}


def _calls(phone: Phone, since: float) -> list[dict[str, Any]]:
    return [asdict(call) for call in phone.device.ran if call.ended is None or call.ended >= since]
