"""Run commands as the shell would, in this process: exit status, stdout, stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.cli import main
from scripts.terminal.language import words
from tests.support.installation import Installation, installation


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation with an empty ledger, and no Redis."""
    with installation(tmp_path / "var", monkeypatch) as made:
        yield made


@pytest.fixture(params=["en", "zh"])
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The language that is spoken in the test: it runs in each."""
    monkeypatch.setenv("PHONEFLEET_LANG", request.param)
    words.cache_clear()
    yield request.param
    words.cache_clear()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("authors", "caps")` runs `phonefleet authors caps`, 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")

    def phonefleet(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["phonefleet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return phonefleet
