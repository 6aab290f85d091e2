"""Connection timeouts: a connection ends unless the head of each request arrives in time, and it ends quickly.

uvicorn has no timeout for the first byte of the first request, nor for the rest of a head that has begun, so a few
hundred silent sockets could occupy every connection. A TLS connection also waits for the peer's close message:
asyncio waits 30 s for a peer that only keeps the connection for its next request.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from gateway.access.listener import TLS_BYTES
from gateway.access.sending import SENT_BYTES

HEAD_SECONDS = 10.0
GOODBYE_SECONDS = 5.0  # so long a slow reader may take for the end of its last answer


class HeadTimeoutProtocol(H11Protocol):
    """uvicorn's protocol, with a timer that runs while the server waits for a request's head."""

    _awaiting: asyncio.TimerHandle | None = None

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
