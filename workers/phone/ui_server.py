"""Installs, starts, watches and ends the UI server on a phone, each within a deadline."""

from __future__ import annotations

import shlex
import time

from flows.phone import PhoneError
from workers.phone.adb import Adb
from workers.phone.http import HttpClient
from workers.phone.transport import AdbStream, Deadline
from workers.phone.ui_jar import JarRefused, pinned_jar, pinned_md5

PORT = 9008
JAR = "/data/local/tmp/u2.jar"
MAIN = "com.wetest.uia2.Main"
POLL = 0.1  # seconds between two pings while the server starts
PING_SECONDS = 3.0
START_SECONDS = 30.0


class UiServer:
    """Starts and ends the UI server. Keeps open the shell stream that runs it: when one ends, the other does."""

    def __init__(self, adb: Adb) -> None:
        self._adb = adb
        self._stream: AdbStream | None = None
        self._said = b""
        self._detached = False  # the stream of the last server started here is closed

    def connect(self, deadline: Deadline) -> AdbStream:
        """Connects to the running server; starts one when none listens. Raises PhoneError.

        A detached server may answer for another second; it is not used again.
        """
        if not self._detached:
            try:
                return self._adb.open(f"tcp:{PORT}", deadline)
            except PhoneError as error:
                if error.code != "ui_server_lost":
                    raise
        self.start(deadline)
        return self._adb.open(f"tcp:{PORT}", deadline)

    def start(self, deadline: Deadline) -> None:
        """Pushes the jar if it is missing, runs it, and waits until it answers. Raises PhoneError('ui_server_lost').

        A server of another stream may be about to die: it still answers for a second after its stream closed. So any
        running server is ended first, and has ended before the new one starts.
        """
        if self._runs() and self._answers(deadline):
            return
        self.stop(deadline)
        self._push_jar(deadline)
        self._launch(deadline)
        while True:
            if self._stream is None or self._ended():
                if b"already registered" not in self._said:
                    raise PhoneError("ui_server_lost", f"the UI server quit: {self._words()}", sent=False)
                # Android has not noticed yet that the last server ended, or another program started one first
                self.stop(deadline)
                self._launch(deadline)
            if self._answers(deadline):
                return
            if deadline.left() <= POLL:
                raise PhoneError("ui_server_lost", f"the UI server did not start: {self._words()}", sent=False)
            time.sleep(POLL)

    def stop(self, deadline: Deadline) -> None:
        """Ends any running server with its queued calls, and waits until it has ended."""
        self.detach()
        self._kill(deadline)
        while self._answers(deadline):
            if deadline.left() <= POLL:
                raise PhoneError("ui_server_lost", "the UI server does not end", sent=False)
            time.sleep(POLL)

    def detach(self) -> None:
        """Closes the stream that runs the server."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            self._detached = True

    def drain(self) -> None:
        """Reads the server's output, so that it never blocks on a full pipe."""
        if self._stream is not None and self._ended():
            self.detach()

    def _runs(self) -> bool:
        """Returns whether this object runs a server that has not ended."""
        return self._stream is not None and not self._ended()

    def _launch(self, deadline: Deadline) -> None:
        self.detach()
        self._said = b""
        command = f"CLASSPATH={JAR} app_process / {MAIN} -p {PORT}"
        self._stream = self._adb.open(f"shell:{command}", deadline)
        self._detached = False

    def _kill(self, deadline: Deadline) -> None:
        # the brackets keep the pattern from matching the line of the shell that runs this command
        self._adb.shell(f"pkill -f {shlex.quote(f'[{MAIN[0]}]{MAIN[1:]}')}", deadline)

    def _ended(self) -> bool:
        assert self._stream is not None
        while (said := self._stream.pending()) is not None:
            if not said:
                return True
            self._said = (self._said + said)[-4000:]
        return False

    def _answers(self, deadline: Deadline) -> bool:
        client = HttpClient(lambda limit: self._adb.open(f"tcp:{PORT}", limit))
        try:
            return client.request("GET", "/ping", b"", deadline.within(PING_SECONDS)) == b"pong"
        except PhoneError as error:
            if error.code == "ui_server_lost":
                return False
            raise
        finally:
            client.close()

    def _push_jar(self, deadline: Deadline) -> None:
        try:
            output, _ = self._adb.shell(f"toybox md5sum {JAR}", deadline)
            if pinned_md5() not in output:
                self._adb.push(pinned_jar(), JAR, deadline)
        except JarRefused as error:
            raise PhoneError("ui_server_lost", str(error), sent=False) from error

    def _words(self) -> str:
        return self._said.decode(errors="replace").strip()[-300:] or "it said nothing"
