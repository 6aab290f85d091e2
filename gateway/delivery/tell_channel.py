"""Tells one channel a text: a robot through the guard of callbacks, mail through the operator's server."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.delivery.address_guard import NotThere, resolve
from gateway.delivery.mail import MOST_BYTES as MOST_MAIL
from gateway.delivery.mail import NotMailed, send_mail
from gateway.delivery.pinned_post import NotSent, post
from gateway.delivery.robots import MOST_BYTES, robot_error, robot_request
from gateway.keys.master_key import ALERT_CHANNEL, MasterKeyWrong, master_key, unwrap_texts
from models.notify.addresses import read_address
from models.tables import AlertChannel
from models.values.enums import ChannelKind
from workers.settings import Settings

SECONDS = 15.0  # for a message
READ_BYTES = 4096  # of an answer
HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "phonefleet"}


def most_bytes(channel: AlertChannel) -> int:
    """Returns the bytes of UTF-8 that a message of this channel may have."""
    return MOST_BYTES.get(ChannelKind(channel.kind), MOST_MAIL)


def tell(channel: AlertChannel, text: str, config: Settings) -> str | None:
    """Tells a channel a text. Returns None when it took it, else the reason."""
    try:
        target, secret = unwrap_texts(channel.sealed, ALERT_CHANNEL, channel.id, master_key())
        if channel.kind == ChannelKind.MAIL:
            _mail(target, text, config)
            return None
        request = robot_request(ChannelKind(channel.kind), target, secret, text, datetime.now(UTC))
        address = read_address(request.url)
        ip = resolve(address.host, address.port, config.callback_networks)
        answer = post(address, ip, request.body, HEADERS, SECONDS, config.callback_ca, reads=READ_BYTES)
        return robot_error(answer.status, answer.body)
    except (NotSent, NotThere, NotMailed) as failed:
        return failed.code
    except MasterKeyWrong:
        return "secret_unreadable"


def _mail(target: str, text: str, config: Settings) -> None:
    if config.smtp is None or not config.smtp_from:
        raise NotMailed("no_mail_server")
    subject = text.partition("\n")[0]
    send_mail(config.smtp, config.smtp_from, target.split(","), subject, text, SECONDS, config.callback_ca)
