"""Both catalogues have every word that the pages use, and the forms of the ledger's own reasons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.console
from flows.failures import CODES
from flows.registry import FLOWS
from gateway.console.live.shelf import KINDS
from gateway.console.pages.records import KINDS as RECORD_KINDS
from gateway.words.catalogue import OF_ONE, all_texts, catalogue
from gateway.words.language import LANGUAGES
from models.fleet.fitness import STATE_REMEDIES
from models.notify.undelivered import REMEDIES, remedy_for
from models.responsible_use.caps import CAP_NAMES
from models.tasks.states import State
from models.values.enums import AttemptOutcome, PhoneState, Role
from workers.lifecycle.phone_needs import ORDER

ROOT = Path(gateway.console.__file__).parent
TEXTS = {language: dict(all_texts(language)) for language in LANGUAGES}
CODE = re.compile(r"[a-z]+:(?! )[\w .-]+")
CALL = re.compile(r"""(?<![\w.])_\(\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
WORDS = re.compile(r"""word\(\s*'(\w+)'""")


def in_templates() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.glob("templates/*.html")):
        for found in CALL.findall(path.read_text(encoding="utf-8")):
            yield path.name, ast.literal_eval(found)


def in_code() -> Iterator[tuple[str, str]]:
    """Texts that code gives to the templates: calls of text(), of NotAllowed, and the names of the navigation."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) in ("text", "NotAllowed", "_page"):
                for one in node.args:
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value:
                        yield path.name, one.value


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def codes() -> Iterator[str]:
    yield from (f"state:{one}" for one in State)
    yield from (f"outcome:{one}" for one in [*AttemptOutcome, "running"])
    yield from (f"role:{one}" for one in Role)
    yield from (f"kind:{one}" for one in KINDS)
    yield from (f"cap:{one}" for one in CAP_NAMES)
    yield from (f"record:{one}" for one in RECORD_KINDS)
    yield from (f"flow:{one}" for one in FLOWS)
    yield from (f"code:{one}" for one in CODES)
    yield from (f"phone:{one}" for one in [*ORDER, "works", "idle"])
    yield from (f"phone:{one}" for one in PhoneState if one not in (PhoneState.ONLINE, PhoneState.SILENT))


def test_every_text_of_the_pages_has_chinese_words() -> None:
    used = [*in_templates(), *in_code()]
    assert len(used) > 60
    assert [one for one in used if one[1] not in TEXTS["zh"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_ledger_has_words(language: str) -> None:
    assert [one for one in codes() if one not in TEXTS[language]] == []


def test_both_catalogues_have_the_same_codes() -> None:
    assert {one for one in TEXTS["zh"] if CODE.fullmatch(one)} == {x for x in TEXTS["en"] if not x.startswith(OF_ONE)}


# "and 1 more", "every 1 min" and the like are right as they are.
SAID_OF_ANY = re.compile(r"\{count\} (more|min|s|d|h|failed since|refused since|of \{all\} runs)\b")


def test_each_text_with_a_count_is_said_of_one_thing_in_english_too() -> None:
    used = {text for _, text in in_templates() if "{count}" in text and not SAID_OF_ANY.search(text)}
    of_one = {key.removeprefix(OF_ONE) for key in TEXTS["en"] if key.startswith(OF_ONE)}
    assert used == of_one
    en, zh = catalogue("en"), catalogue("zh")
    assert [en.text("Retry {count} tasks", count=count) for count in (1, 2)] == ["Retry 1 task", "Retry 2 tasks"]
    assert en.text("{count} items within {minutes} min", count=1, minutes=60) == "1 item within 60 min"
    assert zh.text("Retry {count} tasks", count=1) == "重试 1 个任务"


def test_english_words_of_flows_and_alerts_are_words_for_people() -> None:
    words = TEXTS["en"]
    assert [key for key, word in words.items() if key.startswith("flow:") and "_" in word] == []
    assert [key for key, word in words.items() if key.startswith("alert:") and not word[0].isupper()] == []


def test_every_remedy_of_a_failure_a_phone_and_a_callback_is_told_in_chinese() -> None:
    zh = catalogue("zh")
    remedies = [rule.remedy for rule in CODES.values()] + [STATE_REMEDIES[one] for one in ("offline", "unauthorized")]
    assert [one for one in remedies if zh.said(one) == one] == []
    callbacks = [*REMEDIES.values(), *(remedy_for("failed", status, None) for status in (301, 401, 503))]
    assert [one for one in callbacks if zh.said(one) == one] == []
