"""The adb server's end of the transport: one service of a phone, over a connection of its own."""

from __future__ import annotations

import asyncio

from phonesim.adb.wire import HEADER_SIZE, MAX_PAYLOAD, VERSION, Command, Header, pack, unpack_header

CALL_SECONDS = 10.0  # for a phone to greet, and to open a service
CHUNK = 64 * 1024
IDENTITY = b"host::features=shell_v2"


class NotOpened(Exception):
    """The phone did not open the service; the text is adb's."""


class Service:
    """An open service of a phone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, remote: int) -> None:
        self._reader = reader
        self._writer = writer
        self._remote = remote
        self._may_write = asyncio.Event()
        self._may_write.set()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes between a client of the adb server and the phone, until one of them closes."""
        up = asyncio.create_task(self._up(reader))
        down = asyncio.create_task(self._down(writer))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            self._writer.close()

    async def _up(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._may_write.wait()
            self._may_write.clear()
            self._writer.write(pack(Command.WRTE, 1, self._remote, data))
        self._writer.write(pack(Command.CLSE, 1, self._remote))

    async def _down(self, writer: asyncio.StreamWriter) -> None:
        while True:
            header, payload = await _message(self._reader)
            if header.command == Command.CLSE:
                return
            if header.command == Command.OKAY:
                self._may_write.set()
            elif header.command == Command.WRTE:
                writer.write(payload)
                await writer.drain()
                self._writer.write(pack(Command.OKAY, 1, self._remote))


async def dial(host: str, port: int, service: str) -> Service:
    """Open a service of the phone at this address. Raises NotOpened."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(pack(Command.CNXN, VERSION, MAX_PAYLOAD, IDENTITY))
                await _expect(reader, Command.CNXN)
                writer.write(pack(Command.OPEN, 1, 0, service.encode() + b"\0"))
                opened = await _expect(reader, Command.OKAY)
            except BaseException:
                writer.close()
                raise
    except (OSError, EOFError, TimeoutError):
        raise NotOpened("closed") from None
    return Service(reader, writer, opened.arg0)


async def _expect(reader: asyncio.StreamReader, command: Command) -> Header:
    header, _ = await _message(reader)
    if header.command != command:
        raise NotOpened("device unauthorized." if header.command == Command.AUTH else "closed")
    return header


async def _message(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    header = unpack_header(await reader.readexactly(HEADER_SIZE))
    return header, await reader.readexactly(header.length) if header.length else b""
