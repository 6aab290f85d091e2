"""Mail: sends one message through the operator's mail server, within a deadline."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from models.database.storable import storable_text
from workers.settings.mail import Smtp

log = logging.getLogger("phonefleet.alerts")

MOST_BYTES = 100_000
MOST_ERROR = 300


class NotMailed(Exception):
    """The server did not take the message; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def send_mail(
    server: Smtp,
    sender: str,
    to: Sequence[str],
    subject: str,
    text: str,
    seconds: float,
    authorities: Path | None = None,
) -> None:
    """Sends a plain text. Raises NotMailed. An address that is refused beside others that are taken is only logged.

    `seconds` bounds the whole exchange. `authorities`: a PEM file with the CAs to trust in place of the public ones.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(text)
    context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    deadline = _Deadline(seconds)
    try:
        _exchange(server, context, message, deadline)
    except smtplib.SMTPAuthenticationError:
        raise NotMailed("mail_not_authenticated") from None
    except smtplib.SMTPResponseException as error:
        raise NotMailed(storable_text(f"mail_{error.smtp_code}", MOST_ERROR)) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise NotMailed(storable_text(f"mail_refused: {', '.join(error.recipients)}", MOST_ERROR)) from None
    except ssl.SSLError:
        raise NotMailed("tls_failed") from None
    except TimeoutError:
        raise NotMailed("timed_out") from None
    except (smtplib.SMTPException, OSError, ValueError):
        raise NotMailed("timed_out" if deadline.passed() else "no_connection") from None
    finally:
        deadline.end()


class _Deadline:
    """Cuts a connection when its time is over: a socket's own timeout starts anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds
        self._client: smtplib.SMTP | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def holds(self, client: smtplib.SMTP) -> None:
        """Names the client to cut off, which may have no connection yet."""
        self._client = client

    def passed(self) -> bool:
        """Returns whether the time is over; smtplib tells its socket's own timeout as a lost connection."""
        return time.monotonic() >= self._at

    def end(self) -> None:
        """Ends the connection, and the wait for the deadline."""
        self._timer.cancel()
        if self._client is not None and getattr(self._client, "sock", None) is not None:
            self._client.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            assert self._client is not None
            assert self._client.sock is not None
            self._client.sock.shutdown(socket.SHUT_RDWR)


class _Client(smtplib.SMTP):
    """A client that the deadline knows before it connects, which its constructor does."""

    def __init__(self, server: Smtp, deadline: _Deadline) -> None:
        deadline.holds(self)
        super().__init__(server.host, server.port, timeout=deadline.seconds)


class _TlsClient(smtplib.SMTP_SSL):
    """The same over TLS from the start."""

    def __init__(self, server: Smtp, deadline: _Deadline, context: ssl.SSLContext) -> None:
        deadline.holds(self)
        super().__init__(server.host, server.port, timeout=deadline.seconds, context=context)


def _exchange(server: Smtp, context: ssl.SSLContext, message: EmailMessage, deadline: _Deadline) -> None:
    client = _TlsClient(server, deadline, context) if server.security == "tls" else _Client(server, deadline)
    if server.security == "starttls":
        client.starttls(context=context)
    if server.user:
        client.login(server.user, server.password)
    refused = client.send_message(message)
    if refused:  # the others got it, and shall not get it again
        log.warning("the mail server refused %s", ", ".join(refused))
    with contextlib.suppress(smtplib.SMTPException, OSError):
        client.quit()  # the message was taken
