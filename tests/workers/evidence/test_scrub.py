"""Secrets of the environment and of addresses stay out of evidence."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from workers.evidence.scrub import HIDDEN, scrubbed, secrets_of

ENV = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
    "CALLBACK_TOKEN": "tok-123456",
    "PHONEFLEET_DATABASE_URL": "mysql+mysqldb://fleet:hunter2hunter2@10.0.0.5/phonefleet",
    "PATH": "/usr/bin:/bin",
    "SHORT_TOKEN": "on",
}


def test_secrets_are_known_by_name_and_by_address() -> None:
    assert set(secrets_of(ENV)) == {"wJalrXUtnFEMI", "tok-123456", "hunter2hunter2"}


def test_they_are_masked_wherever_they_stand() -> None:
    said = {
        "reason": "OperationalError: (mysql://fleet:hunter2hunter2@10.0.0.5/x) on /usr/bin",
        "details": {"header": "Bearer tok-123456", "key": ["wJalrXUtnFEMI", 7, None, True]},
    }
    assert scrubbed(said, secrets_of(ENV)) == {
        "reason": "OperationalError: (mysql://***@10.0.0.5/x) on /usr/bin",
        "details": {"header": "Bearer ***", "key": ["***", 7, None, True]},
    }


def test_an_unknown_address_is_masked_too() -> None:
    said = "redis://:p@ss@cache:6379/0 and mail@example.org"
    assert scrubbed(said, ()) == "redis://***@cache:6379/0 and mail@example.org"


def test_what_is_no_json_becomes_text() -> None:
    assert scrubbed({"at": ValueError("late"), "set": {1}}, ()) == {"at": "late", "set": [1]}


RAW = bytes(range(200, 232))
KEY = base64.b64encode(RAW).decode()
PASSWORD = 'p@ss w/rd"1'


@pytest.mark.parametrize(
    ("name", "value", "quoted"),
    [
        ("PHONEFLEET_MASTER_KEY", KEY, KEY),
        ("PHONEFLEET_MASTER_KEY", KEY, RAW.hex()),
        ("PHONEFLEET_MASTER_KEY", KEY, RAW.hex().upper()),
        ("PHONEFLEET_MASTER_KEY", KEY, repr(RAW)[2:-1]),
        ("PHONEFLEET_MASTER_KEY", KEY, base64.urlsafe_b64encode(RAW).decode()),
        ("PHONEFLEET_MASTER_KEY", KEY, base64.urlsafe_b64encode(RAW).decode().rstrip("=")),
        ("PHONEFLEET_MASTER_KEY", KEY, quote(KEY, safe="")),
        ("PHONEFLEET_OLD_MASTER_KEY", KEY, KEY.rstrip("=")),
        ("SEAL_KEY", KEY, KEY),
        ("SIGNING_SECRET", f"whsec_{KEY}", KEY),
        ("SIGNING_SECRET", f"whsec_{KEY}", RAW.hex()),
        ("FLOWER_BASIC_AUTH", f"operator:{PASSWORD}", PASSWORD),
        ("FLOWER_BASIC_AUTH", f"operator:{PASSWORD}", base64.b64encode(f"operator:{PASSWORD}".encode()).decode()),
        ("MYSQL_PWD", PASSWORD, PASSWORD),
        ("ADMIN_PASS", PASSWORD, json.dumps(PASSWORD)[1:-1]),
        ("PHONEFLEET_DATABASE_URL", f"mysql://me:{quote(PASSWORD, safe='')}@db/x", PASSWORD),
        ("PHONEFLEET_DATABASE_URL", f"mysql://me:{quote(PASSWORD, safe='')}@db/x", quote_plus(PASSWORD)),
        ("PHONEFLEET_REDIS_URL", f"redis://:{KEY.replace('/', '%2F')}@cache", KEY),
        ("SENTRY_URL", "https://0123456789abcdef@sentry.example/1", "0123456789abcdef"),
        ("PHONEFLEET_REDIS_URL", "redis://cache/0?password=geheimnis7&db=1", "geheimnis7"),
    ],
)
def test_a_secret_is_masked_in_each_form(name: str, value: str, quoted: str) -> None:
    said = scrubbed({"reason": f"it said <{quoted}>", quoted: 1}, secrets_of({name: value}))
    assert said == {"reason": f"it said <{HIDDEN}>", HIDDEN: 1}


def test_what_only_tells_where_a_secret_is_stays_readable() -> None:
    env = {
        "SSH_AUTH_SOCK": "/run/agent.1",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token",
        "KEYBOARD": "german",
        "PWD": "/work",
    }
    assert secrets_of(env) == ()
