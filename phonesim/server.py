"""A shelf of simulated phones: one world, one event loop, one ADB port a phone and a control port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phonesim.adb.host import AdbHost
from phonesim.adb.port import HOST, AdbPort
from phonesim.control import Control
from phonesim.device import Device
from phonesim.drawing import draw
from phonesim.faults import Phone
from phonesim.pace import Pace
from phonesim.practice.app import PracticeApp
from phonesim.reader.articles import Articles
from phonesim.roughness import Roughness
from phonesim.world import Emoji, World


@dataclass(frozen=True, slots=True)
class Settings:
    """How a shelf is set up. Ports that are 0 are chosen by the system."""

    phones: int
    accounts: int
    seed: int = 1
    speed: float = 1.0
    times: Mapping[str, float] = field(default_factory=dict)  # seconds in place of phonesim.pace.REAL_SECONDS
    haste: float = 1.0  # how many times faster than on a phone the clock of its app goes
    base_port: int = 0
    control_port: int = 0
    bind: str = HOST  # where the phones' ADB ports listen; nothing else does there
    adb_port: int = 0  # of an adb server that shows the phones at USB ports; 0: none
    truth: Path | None = None
    emoji: Emoji = Emoji.SOME
    rough: Roughness = field(default_factory=Roughness)
    update: int | None = None  # the seed of the new versions of both apps; None: they are as they were


class Shelf:
    """All phones of one process, by serial, around one world."""

    def __init__(self, settings: Settings) -> None:
        """Raises OSError when the truth file cannot be written."""
        self._settings = settings
        emoji = Emoji.EVERY if settings.rough.emoji else settings.emoji
        self.world = World(settings.seed, settings.accounts, settings.truth, emoji=emoji)
        accounts = self.world.accounts
        articles = Articles(settings.seed)
        self.phones: dict[str, Phone] = {}
        for number in range(settings.phones):
            serial = f"SIM{number + 1:04d}"
            pace = Pace(settings.speed, settings.times)
            app = PracticeApp(self.world, serial, accounts[number % len(accounts)].id, self._clock)
            app.load_delay(pace.seconds(pace.real["load"]))
            app.rng.seed(f"{settings.seed} {serial}")
            device = Device(serial, number, app, pace, draw, articles)
            device.roughen(settings.rough)
            device.update_apps(settings.update)
            port = settings.base_port + number if settings.base_port else 0
            self.phones[serial] = Phone(device, AdbPort(device, port, settings.bind))
        self._adb_host = AdbHost(settings.adb_port) if settings.adb_port else None
        if self._adb_host is not None:
            for serial, phone in self.phones.items():
                self._adb_host.attach(serial, phone.port, phone.device.properties)
        self._control = Control(self.world, self.phones, self._adb_host, articles)
        self._control_server: asyncio.Server | None = None

    def _clock(self) -> float:
        return time.monotonic() * self._settings.haste

    async def start(self) -> dict[str, Any]:
        """Plug all phones in and open the control port; what the ready line says. Raises OSError."""
        for phone in self.phones.values():
            await phone.port.plug()
        if self._adb_host is not None:
            await self._adb_host.start()
        self._control_server = await asyncio.start_server(self._control.serve, HOST, self._settings.control_port)
        control_port = self._control_server.sockets[0].getsockname()[1]
        return {
            "control": f"http://{HOST}:{control_port}",
            "phones": [
                {"serial": serial, "address": phone.port.address, "account": phone.device.app.account_id}
                for serial, phone in self.phones.items()
            ],
        }

    def stop(self) -> None:
        """Unplug all phones and close the ports."""
        if self._adb_host is not None:
            self._adb_host.stop()
        for phone in self.phones.values():
            phone.port.unplug()
        if self._control_server is not None:
            self._control_server.close()
