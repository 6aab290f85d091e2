"""What `phonefleet up` looks at before anything starts: ports, folders, and another adb server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.values.refused import Refused
from scripts.commands.doctor_adb import judge_stock_adb
from scripts.local import ready
from scripts.local.embedded import free_port
from scripts.local.ready import check_ready, stock_adb
from tests.support.shelf import AdbServer, Shelf
from workers.settings import Settings, read_settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens who speaks no adb."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def settings_in(var: Path, **env: str) -> Settings:
    return read_settings({"PHONEFLEET_VAR": str(var), "PHONEFLEET_ADB_PORT": str(free_port()), **env})


def problems(settings: Settings, **ports: int) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        check_ready(settings, {f"--{name.replace('_', '-')}": port for name, port in ports.items()})
    assert all(one.remedy for one in refused.value.problems)
    return {one.field: one.reason for one in refused.value.problems}


def test_a_machine_that_is_ready(tmp_path: Path) -> None:
    check_ready(settings_in(tmp_path / "not" / "there"), {"--flower-port": free_port(), "--gateway-port": 0})


def test_every_port_that_is_taken_is_told_at_once(tmp_path: Path, taken: int) -> None:
    found = problems(settings_in(tmp_path, PHONEFLEET_ADB_PORT=str(taken)), flower_port=taken, gateway_port=free_port())
    assert set(found) == {"--flower-port", "PHONEFLEET_ADB_PORT"}
    assert f"port {taken}" in found["--flower-port"]
    assert "no adb server" in found["PHONEFLEET_ADB_PORT"]
    assert problems(settings_in(tmp_path), flower_port=taken) == {"--flower-port": f"port {taken} is taken"}


def test_two_parts_on_one_port(tmp_path: Path) -> None:
    port = free_port()
    found = problems(settings_in(tmp_path), flower_port=port, gateway_port=port)
    assert found == {"--gateway-port": f"port {port} is --flower-port as well"}


def test_a_profile_and_a_module_that_are_not_there(tmp_path: Path) -> None:
    found = problems(settings_in(tmp_path, PHONEFLEET_PROFILE="nope", PHONEFLEET_TASKS="nope.tasks"))
    assert found == {
        "PHONEFLEET_PROFILE": "no packaged profile 'nope'; give the path of a .yaml file",
        "PHONEFLEET_TASKS": "there is no module nope, named by nope.tasks",
    }


def test_an_adb_server_that_runs_already_is_taken(tmp_path: Path) -> None:
    with AdbServer() as server:
        check_ready(settings_in(tmp_path, PHONEFLEET_ADB_PORT=str(server.port)), {})


@pytest.mark.parametrize("name", ["PHONEFLEET_VAR", "PHONEFLEET_EVIDENCE"])
def test_a_folder_that_is_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    settings = settings_in(tmp_path / "var", **{name: str(tmp_path / "file" / "x")})
    assert "is a file and no folder" in problems(settings)[name]


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert "may not be written" in problems(settings_in(tmp_path))["PHONEFLEET_VAR"]


def test_another_adb_server_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stock_adb(usb=False) is None
    with AdbServer() as server, Shelf(server, tmp_path / "truth"):
        monkeypatch.setattr(ready, "STOCK_ADB_PORT", server.port)
        said = stock_adb(usb=True)
        assert said is not None
        assert "takes every phone that is plugged in" in said, "phones over the network are nobody's alone"
        assert "adb kill-server" in said
        check = judge_stock_adb(said)
        assert (check.ok, check.needed) == (False, False)
        assert "adb kill-server" in check.remedy
    monkeypatch.setattr(ready, "STOCK_ADB_PORT", free_port())
    assert stock_adb(usb=True) is None
    assert judge_stock_adb(None).ok
