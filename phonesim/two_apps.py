"""The two apps of a simulated phone, the practice app and the reader: which one is in front, and how they start."""

from __future__ import annotations

import itertools

from phonesim import practice, reader
from phonesim.device_parts import Apps
from phonesim.log import Log
from phonesim.node import App
from phonesim.pace import Pace
from phonesim.practice import LAUNCHER
from phonesim.practice.app import PracticeApp
from phonesim.reader.app import ReaderApp
from phonesim.update import Kind, Update
from phonesim.windows.gallery import GALLERY


class TwoApps:
    """The apps of a phone; one is in front at a time, or the launcher."""

    def __init__(self, app: PracticeApp, reader: ReaderApp, pace: Pace) -> None:
        self.app = app
        self.reader = reader
        self.pace = pace
        self.apps = Apps()
        self.log = Log()
        self._app_pid: int | None = None
        self._pids = itertools.count(4000)

    @property
    def front(self) -> App:
        """The app that has the screen: the reader while it is in front, else the practice app or its launcher."""
        return self.reader if self.reader.foreground else self.app

    def foreground(self) -> tuple[str, str]:
        """Package and activity in the foreground."""
        if self.apps.gallery is not None:
            return GALLERY, ".app.GalleryActivity"
        if self.front is self.reader:
            return self.reader.package, self.reader.activity
        return (self.app.package if self.app.foreground else LAUNCHER), self.app.activity

    @property
    def app_pid(self) -> int | None:
        """The practice app's process id, None while it does not run."""
        if not self.app.running:
            self._app_pid = None
        elif self._app_pid is None:
            self._app_pid = self.new_pid()
        return self._app_pid

    async def start(self, package: str) -> None:
        """Bring one of the apps to the foreground; other packages have nothing to show."""
        if package == self.app.package:
            await self.start_app()
        elif package == self.reader.package:
            self.apps.gallery = None
            self.app.foreground = False
            self.reader.start()

    async def start_app(self) -> None:
        """Bring the practice app to the foreground; nothing happens where it is not installed."""
        if not self.app.installed:
            return
        self.reader.foreground = False
        self.apps.gallery = None
        component = f"{self.app.package}/.MainActivity"
        self.log.say(
            "I", "ActivityTaskManager", f"START u0 {{act=android.intent.action.MAIN cmp={component}}} from uid 2000"
        )
        if not self.app.running:
            await self.pace.take("start")
            self.log.say("I", "ActivityManager", f"Start proc for top-activity {{{component}}}")
        self.app.start()

    def stop_app(self, package: str) -> None:
        """Force-stop a package; only the practice app and the reader have anything to stop."""
        if package == self.app.package:
            self.app.stop()
            self._app_pid = None
        elif package == self.reader.package:
            self.reader.stop()

    def update_apps(self, seed: int | None, kinds: tuple[Kind, ...] = ()) -> None:
        """Install a new version of both apps, drawn by the seed, or (None) the ones that they came with."""
        for app, old in ((self.app, practice.VERSION), (self.reader, reader.VERSION)):
            self.stop_app(app.package)
            app.update = None if seed is None else Update(seed, kinds)
            app.version = old if app.update is None else app.update.version(old)

    def new_pid(self) -> int:
        """A process id that was not used on this phone before."""
        return next(self._pids)
