"""Alert channels: adds, lists and removes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import uuid4

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from gateway.keys.master_key import ALERT_CHANNEL, master_key, wrap_texts
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.notify.addresses import Address, read_address
from models.notify.alerts import KINDS
from models.tables import AlertChannel
from models.transactions.read_write import read, write
from models.values.enums import ChannelKind
from models.values.names import name_fault
from models.values.refused import refuse
from workers.settings import Settings
from workers.settings.mail import MAIL_ADDRESS

MOST_CHANNELS = 50
MOST_MAIL_ADDRESSES = 20
EVERY, LEAST_EVERY, MOST_EVERY = 60, 10, 86_400  # seconds
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """What a new channel is. `target` is a robot's webhook, or mail addresses separated by commas."""

    name: str
    kind: str
    target: str
    secret: str = ""
    kinds: tuple[str, ...] = ()  # of alerts; none: all
    every: int = EVERY
    quiet: str = ""  # 22:00-08:00


def add_channel(engine: Engine, spec: ChannelSpec, config: Settings, *, who: str) -> AlertChannel:
    """Adds a channel. It is told of alerts from now on. Raises Refused."""
    kind, quiet = _checked(spec, config)
    channel_id, master = str(uuid4()), master_key()

    def work(session: Session) -> AlertChannel:
        present = session.scalars(select(AlertChannel).where(AlertChannel.removed_at.is_(None))).all()
        if any(one.name == spec.name for one in present):
            raise refuse("name", f"there is a channel {spec.name!r}", "choose another name, or remove that one")
        if len(present) >= MOST_CHANNELS:
            raise refuse("name", f"there are {MOST_CHANNELS} channels", "remove one: phonefleet alerts remove NAME")
        now = database_now(session)
        channel = AlertChannel(
            id=channel_id,
            name=spec.name,
            kind=kind,
            sealed=wrap_texts([spec.target, spec.secret], ALERT_CHANNEL, channel_id, master),
            kinds=list(spec.kinds) or None,
            every=spec.every,
            quiet_from=quiet[0],
            quiet_to=quiet[1],
            not_before=now,
            failures=0,
            created_at=now,
            created_by=who[:191],
        )
        session.add(channel)
        record_change(session, who, f"alert channel {spec.name}", None, {"kind": kind, "every": spec.every})
        return channel

    return write(engine, work)


def remove_channel(engine: Engine, name: str, *, who: str) -> None:
    """Removes a channel; it is told nothing any more. Raises Refused."""

    def work(session: Session) -> None:
        channel = channel_named(session, name)
        gone = {"removed_at": database_now(session), "sealed": ""}
        session.execute(update(AlertChannel).where(AlertChannel.id == channel.id).values(gone))
        record_change(session, who, f"alert channel {name}", {"kind": channel.kind}, None)

    write(engine, work)


def list_channels(engine: Engine) -> Sequence[AlertChannel]:
    """Returns the channels that are there, by name."""
    present = select(AlertChannel).where(AlertChannel.removed_at.is_(None)).order_by(AlertChannel.name)
    return read(engine, lambda session: session.scalars(present).all())


def channel_named(session: Session, name: str) -> AlertChannel:
    """Returns the channel with this name. Raises Refused."""
    named = (AlertChannel.name == name, AlertChannel.removed_at.is_(None))
    channel = session.scalars(select(AlertChannel).where(*named)).one_or_none()
    if channel is None:
        raise refuse("name", f"there is no channel {name!r}", "see: phonefleet alerts channels")
    return channel


def _checked(spec: ChannelSpec, config: Settings) -> tuple[ChannelKind, tuple[str | None, str | None]]:
    if (fault := name_fault(spec.name)) is not None or not 1 <= len(spec.name) <= 64:
        raise refuse("name", fault or "it has no characters, or more than 64", "give a short name")
    if spec.kind not in tuple(ChannelKind):
        raise refuse("kind", f"{spec.kind!r} is none", f"use one of {', '.join(ChannelKind)}")
    kind = ChannelKind(spec.kind)
    if kind is ChannelKind.MAIL:
        _check_mail(spec.target, config)
    else:
        _check_robot(read_address(spec.target, "target"), config)
    if spec.secret and kind not in (ChannelKind.DINGTALK, ChannelKind.FEISHU):
        raise refuse("secret", f"{kind} signs nothing", "leave it out")
    unknown = [one for one in spec.kinds if one not in KINDS]
    if unknown:
        raise refuse("only", f"{unknown[0]!r} is no kind of alert", f"use some of {', '.join(sorted(KINDS))}")
    if not LEAST_EVERY <= spec.every <= MOST_EVERY:
        raise refuse("every", f"{spec.every} is outside {LEAST_EVERY} to {MOST_EVERY} seconds", f"{EVERY} suits most")
    return kind, _quiet(spec.quiet)


def _check_mail(target: str, config: Settings) -> None:
    addresses = target.split(",")
    wrong = [one for one in addresses if not MAIL_ADDRESS.fullmatch(one)]
    if wrong or len(addresses) > MOST_MAIL_ADDRESSES:
        reason = f"{wrong[0]!r} is not a mail address" if wrong else f"it has more than {MOST_MAIL_ADDRESSES} addresses"
        raise refuse("target", reason, "separate addresses by commas, without blanks")
    if config.smtp is None or not config.smtp_from:
        raise refuse("PHONEFLEET_SMTP_URL", "no mail server is named", "set it, and PHONEFLEET_SMTP_FROM")


def _check_robot(address: Address, config: Settings) -> None:
    """The address is the robot's password: over plain HTTP it goes to the operator's own networks alone."""
    if address.scheme == "https":
        return
    try:
        own = any(ip_address(address.host) in network for network in config.callback_networks)
    except ValueError:
        own = False
    if not own:
        raise refuse("target", "it is no https address", "take the robot's address as the app shows it")


def _quiet(text: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    begin, dash, end = text.partition("-")
    if not dash or not _CLOCK.fullmatch(begin) or not _CLOCK.fullmatch(end) or begin == end:
        raise refuse("quiet", f"{text!r} is no period", "write it like 22:00-08:00")
    return begin, end
