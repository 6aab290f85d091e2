"""Addresses of a Redis that Sentinel watches: what they say to phonefleet, to Celery and to people."""

from __future__ import annotations

import pytest
from kombu.connection import Connection

from workers.settings import SettingsError, read_settings
from workers.settings.sentinels import Sentinels, celery_options, celery_url, place_of, sentinels
from workers.settings.servers import has_password, is_encrypted, is_remote, redis_tls

THREE = "sentinel://fleet:ge%40h%2Feim@one:26379,two:26380,three/4?master=tickets"


def test_it_names_every_sentinel_the_primary_and_its_sign_in() -> None:
    assert sentinels(THREE) == Sentinels(
        [("one", 26379), ("two", 26380), ("three", 26379)], "tickets", 4, "fleet", "ge@h/eim"
    )
    assert sentinels("sentinel://[fd00::7]:26380?master=m") == Sentinels([("fd00::7", 26380)], "m")
    assert sentinels("redis://:geheim@one:6379/0") is None


def test_celery_gets_an_address_for_each() -> None:
    said = celery_url(THREE)
    assert said.split(";") == [
        f"sentinel://fleet:ge%40h%2Feim@{place}/4" for place in ("one:26379", "two:26380", "three:26379")
    ]
    with Connection(said, transport_options=dict(celery_options(THREE))) as connection:  # type: ignore[no-untyped-call]
        assert connection.transport_cls == "sentinel"
        assert connection.transport_options["master_name"] == "tickets"
        assert (connection.userid, connection.password, connection.virtual_host) == ("fleet", "ge@h/eim", "4")
        assert len(connection.alt) == 3


def test_any_other_address_stays_as_it_is() -> None:
    assert (celery_url("redis://one/0"), celery_options("redis://one/0")) == ("redis://one/0", {})


def test_people_read_it_without_the_password() -> None:
    assert place_of(THREE) == "one:26379,two:26380,three/4"
    assert place_of("redis://:geheim@one/0") == "one:6379/0"


@pytest.mark.parametrize(
    ("url", "remote", "password"),
    [
        (THREE, True, True),
        ("sentinel://127.0.0.1:26379,localhost:26380/0?master=m", False, False),
        ("sentinel://127.0.0.1:26379,10.0.0.7:26380/0?master=m", True, False),
    ],
)
def test_what_it_says_of_its_connection(url: str, remote: bool, password: bool) -> None:
    assert read_settings({"PHONEFLEET_REDIS_URL": url}).redis_url == url
    assert (is_remote(url), is_encrypted(url), has_password(url)) == (remote, False, password)
    assert redis_tls(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://:geheim@one,two/0", "does not name the primary"),
        ("sentinel://:geheim@one,two/0?master=", "does not name the primary"),
        ("sentinel://:geheim@one,two/0?master=a&master=b", "does not name the primary"),
        ("sentinel://:geheim@one,two/0?master=m&ssl_ca_certs=x", "has the option ssl_ca_certs"),
        ("sentinel://:geheim@one,,two/0?master=m", "names no host"),
        ("sentinel://?master=m", "names no host"),
        ("sentinel://:geheim@one:x,two/0?master=m", "has a port that is none"),
        ("sentinel://:geheim@one:70000,two/0?master=m", "has a port that is none"),
        ("sentinel://:geheim@one two/0?master=m", "stands in no host's name"),
        ("sentinel://:geheim@one/zero?master=m", "names the database 'zero'"),
    ],
)
def test_what_is_incomplete_is_refused(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({"PHONEFLEET_REDIS_URL": url})
    assert reason in refusal.value.reason
    assert "geheim" not in str(refusal.value)
