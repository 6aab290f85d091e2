"""What a person can mend is told with field, reason and remedy, and without a traceback; a defect keeps its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from gateway.client.client import Client, NoAnswer, Secret
from models.tasks.progress import Progress, Why
from models.values.refused import refuse
from scripts.terminal.language import words
from scripts.terminal.progress_line import progress_line
from scripts.terminal.told import lines_of
from scripts.terminal.words import in_words
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.servers import MariaDB


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "/x/y"), ("/x/y: No such file", "correct the name")),
        (PermissionError(13, "Permission denied", "/x/y"), ("/x/y: Permission denied", "have it given to you")),
        (IsADirectoryError(21, "Is a directory", "/x"), ("/x: Is a directory", "name another one")),
        (RedisAway("Error 111 connecting"), ("PHONEFLEET_REDIS_URL", "Error 111 connecting", "phonefleet doctor")),
        (ResponseError("MISCONF"), ("PHONEFLEET_REDIS_URL", "MISCONF")),
        (OperationalError("Error 111"), ("PHONEFLEET_REDIS_URL", "Error 111")),
        (refuse("a field", "a reason", "a remedy"), ("a field: a reason", "-> a remedy")),
        (TimeoutError("another upgrade has not ended"), ("another upgrade has not ended",)),
    ],
)
def test_what_can_be_mended_is_told_in_words(error: Exception, words: Sequence[str]) -> None:
    told = "\n".join(lines_of(error) or [])
    for word in words:
        assert word in told
    assert "[Errno" not in told


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError("no file is named"), RuntimeError("x")])
def test_a_defect_keeps_its_traceback(error: Exception) -> None:
    assert lines_of(error) is None
    with pytest.raises(type(error)), in_words():
        raise error


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("root@{place}/not_there", ("Unknown database 'not_there' (1049)", "create the database")),
        ("nobody:secret@{place}/x", ("Access denied", "correct user and password")),
        ("root@127.0.0.1:1/x", ("127.0.0.1:1/x", "start the database")),
        ("root@/x?unix_socket=/not/there", ("no answer from the ledger at this machine", "start the database")),
        ("", ("names no host", "Write e.g. sqlite:///var/phonefleet.db")),
    ],
)
def test_what_a_database_declines_says_what_to_correct(
    url: str,
    words: Sequence[str],
    here: Installation,
    run: Run,
    mariadb_server: MariaDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mariadb_server.database() as there:
        place = there.partition("@")[2].partition("/")[0]
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://" + url.format(place=place))
    said = run("status")
    assert said.status == 2
    for word in words:
        assert word in said.err
    assert "secret" not in said.err
    assert not {"Traceback", "[Errno", "at :"} & set(said.err.split())


def test_a_file_in_the_place_of_a_folder(here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.var / "file").touch()
    monkeypatch.setenv("PHONEFLEET_VAR", str(here.var / "file"))
    said = run("status")
    assert said.status == 2
    assert "is a file, and no folder" in said.err
    assert "PHONEFLEET_VAR" in said.err


def test_a_client_says_that_no_gateway_answers(tmp_path: Path) -> None:
    secret = Secret.of_texts("A" * 43 + "=", "whsec_" + "A" * 43 + "=")
    client = Client("http://127.0.0.1:1", "key_x", secret, sleep=lambda _: None)
    with pytest.raises(NoAnswer, match=r"no answer from http://127\.0\.0\.1:1: Connection refused") as raised:
        client.task("x")
    assert raised.value.__suppress_context__, "one traceback, and not a page of them"


def test_a_printed_progress_is_said_in_the_language_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    why = Why("no phone is online", "plug one in")
    one = Progress("c", "day", None, {"nurture": {"ready": 2, "succeeded": 1}}, {}, why)
    english = "1/3 ended; nurture ready=2 succeeded=1; nothing moves: no phone is online; plug one in"
    monkeypatch.setenv("PHONEFLEET_LANG", "zh")
    words.cache_clear()
    try:
        with in_words():
            assert str(one).startswith("已结束 1/3；养号 就绪=2 成功=1；")
            assert str(one) == progress_line(one)
        assert str(one) == english, "nobody speaks here"
        monkeypatch.setenv("PHONEFLEET_LANG", "en")
        words.cache_clear()
        with in_words():
            assert str(one) == english
        assert progress_line(one) == english
    finally:
        words.cache_clear()
