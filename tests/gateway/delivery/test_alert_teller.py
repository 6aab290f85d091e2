"""Alerts reach robots and mail on loopback: each once, in groups, not in quiet hours, again after a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default as modern
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from gateway.delivery.alert_channels import ChannelSpec, add_channel, list_channels, remove_channel
from gateway.delivery.alert_teller import AlertTeller
from gateway.keys.api_keys import rewrap_secrets
from models.database.clock import database_now
from models.notify import notices
from models.notify.alerts import raise_alert
from models.notify.notices import claim_channel, forget_notices, settle_telling
from models.tables import AlertChannel, AlertNotice, AuditEntry
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.gateway.certificates import certificate
from tests.support.gateway.receiver import Receiver, Reply
from tests.support.ledger.copied import copied_ledger
from tests.support.mail_server import MailServer
from workers.settings import Settings, read_settings, settings

OK = Reply(200, {}, b'{"errcode":0,"errmsg":"ok"}')
FEISHU_OK = Reply(200, {}, b'{"code":0,"msg":"success"}')


@pytest.fixture
def sqlite_ledger(sqlite_database: str) -> Iterator[Engine]:
    made = copied_ledger(sqlite_database)
    yield made
    made.dispose()


@pytest.fixture
def robot() -> Iterator[Receiver]:
    """A robot that takes what comes."""
    with Receiver(lambda _: OK) as made:
        yield made


@pytest.fixture
def config(master_key: str) -> Settings:
    """Settings with which loopback may be called."""
    here = {"PHONEFLEET_CALLBACK_NETWORKS": "127.0.0.0/8", "PHONEFLEET_MASTER_KEY": master_key}
    return read_settings({**here, "PHONEFLEET_SMTP_FROM": "fleet@example.com"})


def add(engine: Engine, config: Settings, robot: Receiver, kind: str = "wecom", **more: Any) -> AlertChannel:
    target = f"http://127.0.0.1:{robot.port}/send?key=k"
    return add_channel(engine, ChannelSpec(**{"name": kind, "kind": kind, "target": target} | more), config, who="王工")


def alert(engine: Engine, kind: str = "phone_unfit", subject: str = "phone:SIM0001", text: str = "too hot") -> None:
    write(
        engine,
        lambda session: raise_alert(session, kind, subject, text, "let it cool", database_now(session)),
    )


def later(engine: Engine, seconds: float = 86_400) -> None:
    """As if this much time went by for all channels."""

    def work(session: Any) -> None:
        for one in session.scalars(select(AlertChannel)).all():
            one.not_before -= timedelta(seconds=seconds)
            if one.claimed_until is not None:
                one.claimed_until -= timedelta(seconds=seconds)

    write(engine, work)


def texts(robot: Receiver) -> list[str]:
    told = [json.loads(request.body) for request in robot.requests]
    return [one["content"]["text"] if "content" in one else one["text"]["content"] for one in told]


def test_every_robot_is_told_each_alert_once(ledger: Engine, config: Settings) -> None:
    alert(ledger, text="before there was a channel")
    with Receiver(lambda _: OK) as wecom, Receiver(lambda _: OK) as ding, Receiver(lambda _: FEISHU_OK) as feishu:
        add(ledger, config, wecom)
        add(ledger, config, ding, "dingtalk", secret="SEC")
        add(ledger, config, feishu, "feishu", secret="SEC")
        alert(ledger)
        teller = AlertTeller(ledger, config)
        assert teller.look() == 3
        later(ledger)
        assert teller.look() == 0
        for robot in (wecom, ding, feishu):
            (text,) = texts(robot)
            assert "too hot → let it cool" in text
            assert "before" not in text
        assert "&sign=" in ding.requests[0].path
        assert json.loads(feishu.requests[0].body)["sign"]


def test_alerts_wait_for_the_interval_and_come_together(ledger: Engine, config: Settings, robot: Receiver) -> None:
    add(ledger, config, robot, every=600)
    teller = AlertTeller(ledger, config)
    alert(ledger)
    assert teller.look() == 1
    for number in range(5):
        alert(ledger, subject=f"phone:SIM{number:04}")
    alert(ledger, "account_rests", "account:acc0001", "it rests")
    assert teller.look() == 0
    later(ledger, 500)
    assert teller.look() == 0
    later(ledger, 200)
    assert teller.look() == 1
    text = texts(robot)[-1]
    assert "告警 6" in text
    assert "手机状态不佳 × 5" in text
    assert "it rests" in text
    assert len(robot.requests) == 2


def test_nothing_is_sent_in_quiet_hours(ledger: Engine, config: Settings, robot: Receiver) -> None:
    now = read(ledger, database_now).astimezone(config.timezone)
    begin, end = now - timedelta(hours=1), now + timedelta(hours=1)
    add(ledger, config, robot, quiet=f"{begin:%H:%M}-{end:%H:%M}")
    alert(ledger)
    teller = AlertTeller(ledger, config)
    assert teller.look() == 0
    past = {"quiet_from": f"{now - timedelta(hours=3):%H:%M}", "quiet_to": f"{now - timedelta(hours=2):%H:%M}"}
    write(ledger, lambda session: session.execute(update(AlertChannel).values(past)))
    assert teller.look() == 1


def test_a_channel_is_told_the_kinds_that_it_wants(ledger: Engine, config: Settings, robot: Receiver) -> None:
    add(ledger, config, robot, kinds=("account_rests",))
    alert(ledger)
    alert(ledger, "account_rests", "account:acc0001", "it rests")
    assert AlertTeller(ledger, config).look() == 1
    assert "too hot" not in texts(robot)[0]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(200, {}, b'{"errcode":45009,"errmsg":"api freq out of limit"}'), "robot_45009: api freq out of limit"),
        (Reply(500), "http_500"),
        (Reply(302, {"Location": "http://127.0.0.1:1/"}), "http_302"),
        (Reply(200, {}, b"x" * 100_000), "no_json"),
    ],
)
def test_what_was_not_taken_is_told_again_later(
    ledger: Engine, config: Settings, robot: Receiver, reply: Reply, error: str
) -> None:
    add(ledger, config, robot)
    alert(ledger)
    teller = AlertTeller(ledger, config)
    robot.answer = lambda _: reply
    assert teller.look() == 0
    (channel,) = list_channels(ledger)
    assert (channel.failures, channel.last_error, channel.last_told_at) == (1, error, None)
    assert teller.look() == 0
    assert len(robot.requests) == 1  # it waits before the next try
    later(ledger)
    robot.answer = lambda _: OK
    assert teller.look() == 1
    (channel,) = list_channels(ledger)
    assert (channel.failures, channel.last_error) == (0, None)
    assert channel.last_told_at is not None


def test_an_address_in_the_operators_network_is_refused_unless_it_is_listed(
    ledger: Engine, config: Settings, robot: Receiver
) -> None:
    add(ledger, config, robot)
    alert(ledger)
    assert AlertTeller(ledger, replace(config, callback_networks=())).look() == 0
    assert list_channels(ledger)[0].last_error == "address_refused"
    assert robot.requests == []


def test_one_process_tells_at_a_time_and_one_that_died_is_followed(
    ledger: Engine, config: Settings, robot: Receiver
) -> None:
    channel = add(ledger, config, robot)
    alert(ledger)
    first = write(ledger, lambda session: claim_channel(session, channel.id))
    assert first is not None
    assert write(ledger, lambda session: claim_channel(session, channel.id)) is None
    assert AlertTeller(ledger, config).look() == 0
    later(ledger)
    assert AlertTeller(ledger, config).look() == 1
    assert not write(ledger, lambda session: settle_telling(session, first, None, 0.0))
    assert len(robot.requests) == 1


def test_a_removed_channel_is_told_nothing_and_leaves_no_secret(
    ledger: Engine, config: Settings, robot: Receiver
) -> None:
    add(ledger, config, robot)
    alert(ledger)
    remove_channel(ledger, "wecom", who="王工")
    alert(ledger)
    assert AlertTeller(ledger, config).look() == 0
    assert list_channels(ledger) == []
    (row,) = read(ledger, lambda session: session.scalars(select(AlertChannel)).all())
    assert row.sealed == ""
    with pytest.raises(Refused, match="no channel"):
        remove_channel(ledger, "wecom", who="王工")
    add(ledger, config, robot)  # its name is free again
    told = str(read(ledger, lambda session: [one.after for one in session.scalars(select(AuditEntry)).all()]))
    assert "key=k" not in told


def test_addresses_rest_encrypted_and_follow_the_master_key(
    ledger: Engine, config: Settings, robot: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = add(ledger, config, robot)
    assert "127.0.0.1" not in channel.sealed
    old = settings().master_key
    assert old is not None
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    settings.cache_clear()
    alert(ledger)
    assert AlertTeller(ledger, config).look() == 0
    assert list_channels(ledger)[0].last_error == "secret_unreadable"
    assert rewrap_secrets(ledger, old, who="王工") == 1
    later(ledger)
    assert AlertTeller(ledger, config).look() == 1
    settings.cache_clear()


def test_old_notices_are_forgotten(ledger: Engine, config: Settings, robot: Receiver) -> None:
    add(ledger, config, robot)
    alert(ledger)
    now = read(ledger, database_now)
    assert write(ledger, lambda session: forget_notices(session, now)) == 0
    assert write(ledger, lambda session: forget_notices(session, now + notices.KEPT + timedelta(days=1))) == 1
    assert read(ledger, lambda session: session.scalars(select(AlertNotice)).all()) == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "slack"}, "kind"),
        ({"target": "http://10.0.0.1/x"}, "target"),
        ({"target": "http://robot.example/x"}, "target"),
        ({"target": "robot.example"}, "target"),
        ({"kind": "mail", "target": "a@b.example,no"}, "target"),
        ({"kind": "mail", "target": "a@b.example\r\nBcc: x@y.example"}, "target"),
        ({"kind": "mail", "target": "a@b.example"}, "PHONEFLEET_SMTP_URL"),
        ({"secret": "x"}, "secret"),
        ({"kinds": ("nothing",)}, "only"),
        ({"every": 1}, "every"),
        ({"quiet": "25:00-08:00"}, "quiet"),
        ({"quiet": "08:00"}, "quiet"),
        ({"quiet": "08:00-08:00"}, "quiet"),
        ({"name": ""}, "name"),
        ({"name": "a\u200bb"}, "name"),
    ],
)
def test_channels_that_cannot_be_are_refused(
    ledger: Engine, config: Settings, robot: Receiver, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        add(ledger, config, robot, **more)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_two_channels_have_two_names(ledger: Engine, config: Settings, robot: Receiver) -> None:
    add(ledger, config, robot)
    with pytest.raises(Refused, match="there is a channel"):
        add(ledger, config, robot)


MAILS = {"kind": "mail", "name": "值班", "target": "a@example.com,b@example.com"}


def mailing(config: Settings, server: MailServer, scheme: str, user: str = "") -> Settings:
    told = read_settings({"PHONEFLEET_SMTP_URL": f"{scheme}://{user}127.0.0.1:{server.port}"})
    return replace(config, smtp=told.smtp)


@pytest.mark.parametrize("scheme", ["smtps", "smtp", "smtp+plain"])
def test_mail_goes_through_the_operators_server(
    sqlite_ledger: Engine, config: Settings, robot: Receiver, tmp_path: Path, scheme: str
) -> None:
    chain, authority = certificate(tmp_path, "127.0.0.1")
    tls = None if scheme == "smtp+plain" else chain
    user = "" if tls is None else "fleet:p%40ss@"
    with MailServer(tls, starttls=scheme == "smtp") as server:
        mails = replace(mailing(config, server, scheme, user), callback_ca=authority)
        add(sqlite_ledger, mails, robot, **MAILS)
        alert(sqlite_ledger, text="太热了\r\nBcc: x@y.example")
        assert AlertTeller(sqlite_ledger, mails).look() == 1
        (raw,) = server.messages
        message = message_from_bytes(raw, policy=modern)
        assert (message["From"], message["To"]) == ("fleet@example.com", "a@example.com, b@example.com")
        assert message["Subject"] == "phonefleet 告警 1"
        assert message["Bcc"] is None
        assert "太热了" in message.get_content()
        assert any(line.startswith("AUTH") for line in server.lines) is (tls is not None)
        assert ("STARTTLS" in server.lines) is (scheme == "smtp")


def answering(beginning: str, answer: str, line: str) -> str | None:
    return answer if line.upper().startswith(beginning) else None


def test_what_a_mail_server_refuses_is_told_again(sqlite_ledger: Engine, config: Settings, robot: Receiver) -> None:
    with MailServer() as server:
        mails = mailing(config, server, "smtp+plain")
        add(sqlite_ledger, mails, robot, **MAILS)
        alert(sqlite_ledger)
        teller = AlertTeller(sqlite_ledger, mails)
        for verb, answer, error in (
            ("MAIL", "451 later", "mail_451"),
            ("DATA", "554 no", "mail_554"),
            ("RCPT", "550 nobody", "mail_refused: a@example.com, b@example.com"),
        ):
            server.refuse = partial(answering, verb, answer)
            assert teller.look() == 0
            assert list_channels(sqlite_ledger)[0].last_error == error
            later(sqlite_ledger)
        server.refuse = partial(answering, "RCPT TO:<B", "550 nobody")
        assert teller.look() == 1  # who got it shall not get it again
        assert len(server.messages) == 1


def test_a_certificate_of_nobody_known_and_a_server_that_is_away_are_told_apart(
    sqlite_ledger: Engine, config: Settings, robot: Receiver, tmp_path: Path
) -> None:
    chain, _ = certificate(tmp_path, "127.0.0.1")
    with MailServer(chain) as server:
        mails = mailing(config, server, "smtps")
        add(sqlite_ledger, mails, robot, **MAILS)
        alert(sqlite_ledger)
        assert AlertTeller(sqlite_ledger, mails).look() == 0
        assert list_channels(sqlite_ledger)[0].last_error == "tls_failed"
    later(sqlite_ledger)
    assert AlertTeller(sqlite_ledger, mails).look() == 0
    assert list_channels(sqlite_ledger)[0].last_error == "no_connection"


def test_a_mail_server_that_hangs_holds_nobody(
    sqlite_ledger: Engine, config: Settings, robot: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.delivery.tell_channel.SECONDS", 0.5)
    with MailServer() as server:
        server.hang = True
        mails = mailing(config, server, "smtp+plain")
        add(sqlite_ledger, mails, robot, **MAILS)
        alert(sqlite_ledger)
        assert AlertTeller(sqlite_ledger, mails).look() == 0
        assert list_channels(sqlite_ledger)[0].last_error == "timed_out"
