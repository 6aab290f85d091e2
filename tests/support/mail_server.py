"""A mail server on loopback: keeps what it is sent, over TLS or not, and answers as the test says."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class MailServer:
    """`refuse(line)` may give an answer of its own to a line; `hang` keeps it from answering anything."""

    def __init__(self, chain: Path | None = None, *, starttls: bool = False) -> None:
        self.messages: list[bytes] = []
        self.lines: list[str] = []
        self.refuse: Callable[[str], str | None] = lambda _: None
        self.hang = False
        self._tls = None
        if chain is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(chain)
        self._starttls = starttls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(30)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        if self._tls is not None and not self._starttls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            if self.hang:
                connection.recv(1)  # until the other side ends it
                return
            file = connection.makefile("rwb")
            self._say(file, "220 here")
            while line := file.readline().decode().strip():
                self.lines.append(line)
                if line == "STARTTLS":
                    assert self._tls is not None
                    self._say(file, "220 go on")
                    file = self._tls.wrap_socket(connection, server_side=True).makefile("rwb")
                elif not self._answer(file, line):
                    return

    def _answer(self, file: io.BufferedRWPair, line: str) -> bool:
        said = self.refuse(line)
        verb = line.partition(" ")[0].upper()
        if said is not None:
            self._say(file, said)
        elif verb == "EHLO":
            self._say(file, "250-here\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 8BITMIME")
        elif verb == "AUTH":
            self._say(file, "235 welcome")
        elif verb == "DATA":
            self._say(file, "354 go on")
            whole = b""
            while (part := file.readline()) != b".\r\n":
                whole += part
            self.messages.append(whole)
            self._say(file, "250 taken")
        else:
            self._say(file, "221 bye" if verb == "QUIT" else "250 well")
        return verb != "QUIT"

    def _say(self, file: io.BufferedRWPair, text: str) -> None:
        file.write(text.encode() + b"\r\n")
        file.flush()
