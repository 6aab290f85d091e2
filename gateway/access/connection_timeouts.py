"""Connection timeouts: a connection ends unless the head of each request arrives in time, and it ends quickly.

uvicorn has no timeout for the first byte of the first request, nor for the rest of a head that has begun, so a few
hundred silent sockets could occupy every connection. A TLS connection also waits for the peer's close message:
asyncio waits 30 s for a peer that only keeps the connection for its next request.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from gateway.access.listener import TLS_BYTES
from gateway.access.sending import SENT_BYTES

HEAD_SECONDS = 10.0
HEAD_BYTES = 16_384  # of a request that is not complete
BODY_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
GOODBYE_SECONDS = 5.0  # so long a slow reader may take for the end of its last answer


class OneLengthConnection(h11.Connection):
    """The HTTP of a connection. It refuses a request that gives its body two lengths.

    RFC 9112 lets a server take the chunks, and a proxy in front that takes the other one would see another request.
    """

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            lengths = {name for name, _ in event.headers} & BODY_LENGTHS
            if len(lengths) > 1:
                raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")
        return event


class HeadTimeoutProtocol(H11Protocol):
    """uvicorn's protocol, with a timer that runs while the server waits for a request's head."""

    _awaiting: asyncio.TimerHandle | None = None

    def __init__(self, config: Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self.conn = OneLengthConnection(h11.SERVER, config.h11_max_incomplete_event_size or HEAD_BYTES)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        bound = getattr(transport, "set_read_buffer_limits", None)
        if bound is not None:  # TLS, which decrypts further than it is read
            bound(high=TLS_BYTES)
        transport.set_write_buffer_limits(high=SENT_BYTES)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._serves():
            self._stop_waiting()
            self._read_on_when_taken()
        else:
            self._await_head()

    def _read_on_when_taken(self) -> None:
        """Reads no more of a body until the application has taken what is here: it may want no more of it."""
        if self.cycle.more_body and self.cycle.body:
            self.flow.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _serves(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        if self._awaiting is None:
            self._awaiting = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None

    def _give_up(self) -> None:
        self._awaiting = None
        if not self._serves():
            self.transport.close()
            self._abort_soon()

    def shutdown(self) -> None:
        super().shutdown()
        self._abort_soon()

    def _abort_soon(self) -> None:
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
