"""What goes wrong with the guide's script is told with field, reason and remedy, and without a traceback."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest
import requests

from gateway.client.client import ERRORS, Client, NoAnswer, Problem, Unusable, in_words, secret_of
from gateway.client.errors import BY_CODE, NOT_BELIEVED, lines_of
from gateway.problem import CODES
from gateway.protocol.seal import Reason, Secret, SignatureRefused
from tests.support.documents import ROOT, blocks
from tests.support.gateway.api_server import Api
from tests.support.ledger.drive import online_worker, owned_author
from workers.settings import settings

SEAL_KEY, SIGNING_SECRET = Secret.make("one").texts()
SET = {
    "GATEWAY": "http://127.0.0.1:1",
    "KEY_ID": "key_1",
    "SEAL_KEY": SEAL_KEY,
    "SIGNING_SECRET": SIGNING_SECRET,
}


def first_script(env: Mapping[str, str], author: str = "xiaopeng") -> subprocess.CompletedProcess[str]:
    """The guide's first script of Python, up to where it would wait."""
    text = next(one.text for one in blocks("docs/interface/README.md") if "client.submit(" in one.text)
    text = text.replace('"xiaopeng"', repr(author)).replace("client.wait(task, timeout=600)", "client.task(task.id)")
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
    )


def told(ended: subprocess.CompletedProcess[str]) -> str:
    """What a person reads of it."""
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) < 6
    return ended.stderr


@pytest.fixture
def environment(api: Api) -> dict[str, str]:
    owned_author(api.engine)
    online_worker(api.engine, "p1", sandbox=True)
    caller = api.caller(sandbox=True)
    seal_key, signing_secret = caller.secret.texts()
    return {"GATEWAY": api.url, "KEY_ID": caller.key_id, "SEAL_KEY": seal_key, "SIGNING_SECRET": signing_secret}


def test_what_the_gateway_declines_is_told_with_field_reason_and_remedy(environment: dict[str, str]) -> None:
    said = told(first_script(environment, author="nobody"))
    assert said.startswith("declined with 422 refused")
    assert re.search(r"^  params\.author_id: .*'nobody'", said, re.MULTILINE)
    assert "\n      -> " in said


def test_another_keys_secret_is_told_with_what_to_check(environment: dict[str, str]) -> None:
    said = told(first_script({**environment, "SEAL_KEY": SEAL_KEY, "SIGNING_SECRET": SIGNING_SECRET}))
    assert said.startswith("declined with 401 not_authenticated")
    assert "SIGNING_SECRET" in said


def test_a_key_that_the_gateway_cannot_open_is_told_as_the_operators_to_mend(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    client = Client.of_environment(environment, sleep=lambda _: None)
    with pytest.raises(Problem) as declined:
        client.phones()
    assert (declined.value.status, declined.value.code, declined.value.signed) == (503, "key_unopened", False)
    said = "\n".join(lines_of(declined.value))
    assert said.startswith("declined with 503 key_unopened: tell the operator: PHONEFLEET_MASTER_KEY is not the one")
    assert "-> tell the operator" in said
    assert "check GATEWAY" not in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"GATEWAY": ""}, "GATEWAY: is not set"),
        ({"KEY_ID": " "}, "KEY_ID: is not set"),
        ({"SEAL_KEY": ""}, "SEAL_KEY: is not set"),
        ({"SIGNING_SECRET": ""}, "SIGNING_SECRET: is not set"),
        ({"SEAL_KEY": "..."}, "SEAL_KEY, SIGNING_SECRET: a secret is not base64"),
        ({"SIGNING_SECRET": "whsec_AAAA"}, "SEAL_KEY, SIGNING_SECRET: a seal key has 32 bytes"),
        ({"GATEWAY": "127.0.0.1:8700"}, "GATEWAY: '127.0.0.1:8700' is no address"),
        ({"GATEWAY": "http://"}, "GATEWAY: 'http://' is no address"),
        ({"GATEWAY": "http://[::1"}, "GATEWAY: 'http://[::1' is no address"),
        ({"GATEWAY": "http://127.0.0.1:x"}, "GATEWAY: 'http://127.0.0.1:x' is no address"),
        ({"KEY_ID": "key 1"}, "KEY_ID: 'key 1' is no id of a key"),
        ({"KEY_ID": "ключ"}, "KEY_ID: 'ключ' is no id of a key"),
    ],
)
def test_what_the_environment_lacks_is_told_by_its_name(change: dict[str, str], words: str) -> None:
    said = told(first_script({**SET, **change}))
    assert words in said
    assert "\n      -> " in said
    with pytest.raises(Unusable):
        Client.of_environment({**SET, **change})


def test_a_gateway_that_is_not_there_is_told_with_its_address() -> None:
    client = Client.of_environment(SET, sleep=lambda _: None)
    with pytest.raises(SystemExit) as ended, in_words():
        client.task("t1")
    assert "http://127.0.0.1:1: Connection refused\n      -> " in str(ended.value)


def test_an_address_that_nobody_can_ask_is_an_answer_that_did_not_come() -> None:
    client = Client("http://127.0.0.1:1", "key_1", secret_of(SET), sleep=lambda _: None)
    client._url = "http://*.example:1"  # one that requests itself declines
    with pytest.raises(NoAnswer):
        client.task("t1")


def test_a_program_catches_them_and_reads_the_fields() -> None:
    details = {"code": "refused", "problems": [{"field": "a", "reason": "is wrong", "remedy": "mend it"}]}
    problem = Problem(422, details, signed=True)
    assert isinstance(problem, ERRORS)
    assert str(problem) == "422 refused a: is wrong; mend it"
    assert issubclass(NoAnswer, requests.ConnectionError)
    assert issubclass(Unusable, ValueError)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_remedy(code: str) -> None:
    fields = {"field": "a", "reason": "is wrong", "remedy": "mend it"}
    assert lines_of(Problem(400, {"code": code, "problems": [fields]}, signed=True))[-1] == "      -> mend it"
    alone = lines_of(Problem(400, {"code": code, "detail": "so it is"}, signed=True))
    assert "-> " in alone[-1]
    assert set(BY_CODE) <= set(CODES)


@pytest.mark.parametrize("reason", Reason.__args__)  # type: ignore[attr-defined]
def test_an_answer_that_is_not_believed_says_why(reason: Reason) -> None:
    why, remedy = NOT_BELIEVED[reason]
    assert [f"  webhook-signature: {why}", f"      -> {remedy}"] == lines_of(SignatureRefused(reason))[1:]


def test_what_an_answer_holds_steers_no_terminal() -> None:
    problem = Problem(401, {"code": "not_authenticated", "detail": "\x1b]0;mine\x07"}, signed=False)
    with pytest.raises(SystemExit) as ended, in_words():
        raise problem
    assert "\x1b" not in str(ended.value)


def test_ctrl_c_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, in_words():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert "Ctrl-C" in capsys.readouterr().err


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), in_words():
        raise KeyError("x")
