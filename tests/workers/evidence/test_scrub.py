"""Secrets of the environment and of addresses stay out of evidence."""

from __future__ import annotations

from workers.evidence.scrub import scrubbed, secrets_of

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
