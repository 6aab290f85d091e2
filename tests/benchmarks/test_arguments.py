"""A benchmark that is asked for no task, phone or row says so before it starts a server."""

from __future__ import annotations

import importlib

import pytest

REFUSED = [
    ("dispatch", "--tasks", "0"),
    ("dispatch", "--workers", "-1"),
    ("fleet", "--phones", "0"),
    ("fleet", "--hosts", "none"),
    ("shelf", "--seeds", "0"),
    ("shelf", "--many", "ten"),
    ("read", "--videos", "-1"),
    ("growth", "--rows", "-5"),
    ("takeover", "--phones", "1"),
    ("gateway", "--connections", "1.5"),
]


@pytest.mark.parametrize(("name", "option", "value"), REFUSED)
def test_a_number_that_measures_nothing_is_refused(
    name: str, option: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [name, option, value])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 2
    assert f"argument {option}: {value!r} is no whole number from" in capsys.readouterr().err
