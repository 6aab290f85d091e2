"""The units that phonefleet writes: systemd reads them, and nothing of anybody else is written over."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.values.refused import Refused
from scripts.cli import cli
from scripts.local.units import SERVICES, TARGET, Place, unit, unit_name
from workers.runtime.service_manager import PULSE_SECONDS


def install(folder: Path, *options: str) -> None:
    (folder / "units").mkdir(exist_ok=True)
    where = ["--units", str(folder / "units"), "--settings", str(folder / "settings")]
    result = CliRunner().invoke(cli, ["install-services", *where, *options])
    if result.exception is not None:
        raise result.exception
    assert result.exit_code == 0


def entries(file: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in file.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def verified(units: list[Path]) -> str:
    """What systemd-analyze finds wrong. It is installed by scripts/provide.sh."""
    command = ["systemd-analyze", "verify", "--man=no", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return "\n".join(line for line in done.stderr.splitlines() if "phonefleet" in line) or f"{done.returncode or ''}"


def test_systemd_takes_all_units(tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "apt-get install systemd (scripts/provide.sh)"
    install(tmp_path)
    units = sorted((tmp_path / "units").iterdir())
    assert [one.name for one in units] == sorted([TARGET, *map(unit_name, SERVICES.values())])
    assert verified(units) == ""


def test_systemd_would_say_what_is_wrong(tmp_path: Path) -> None:
    install(tmp_path, "--part", "host")
    host = tmp_path / "units" / "phonefleet-host.service"
    host.write_text(host.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in verified([host])


def test_each_unit_is_watched_closed_and_given_no_more_than_it_needs(tmp_path: Path) -> None:
    install(tmp_path)
    for service in SERVICES.values():
        found = entries(tmp_path / "units" / unit_name(service))
        assert found["Type"] == ["notify"]
        assert int(found["WatchdogSec"][0]) >= 10 * PULSE_SECONDS
        assert found["UMask"] == ["0077"]
        assert found["NoNewPrivileges"] == ["yes"]
        assert found["ProtectSystem"] == ["strict"]
        assert found["CapabilityBoundingSet"] == [""]
        keyed = [file for file in found["EnvironmentFile"] if "master-key" in file]
        assert bool(keyed) is service.keyed
        assert ("DeviceAllow" in found) is (service.name == "host")
        assert ("PrivateDevices" in found) is (service.name != "host")
        assert found["ExecStart"][0].endswith(f" {service.name}")


def test_secrets_are_not_for_everybody(tmp_path: Path) -> None:
    install(tmp_path)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "settings").iterdir()}
    assert modes == {"phonefleet.env": 0o600, "master-key.env": 0o600}
    assert stat.S_IMODE((tmp_path / "settings").stat().st_mode) == 0o700


def test_a_second_time_keeps_the_settings_and_writes_the_units_anew(tmp_path: Path) -> None:
    install(tmp_path)
    settings, host = tmp_path / "settings" / "phonefleet.env", tmp_path / "units" / "phonefleet-host.service"
    settings.write_text("PHONEFLEET_HOST=left\n")
    host.write_text(host.read_text() + "# older\n")
    install(tmp_path, "--run-as", "shelf")
    assert settings.read_text() == "PHONEFLEET_HOST=left\n"
    assert entries(host)["User"] == ["shelf"]
    assert "# older" not in host.read_text()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--part", "flower"], "--part"),
        (["--part", "host", "--part", "../host"], "--part"),
        (["--run-as", "me\nExecStartPre=/bin/sh"], "--run-as"),
        (["--run-as", ""], "--run-as"),
        (["--settings", "/etc/phone\nfleet"], "--settings"),
        (["--settings", "/etc/a b"], "--settings"),
        (["--units", "/nowhere/at/all"], "--units"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, options: list[str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        install(tmp_path, *options)
    assert [one.field for one in refused.value.problems] == [field]
    assert list((tmp_path / "units").iterdir()) == []


def test_somebody_elses_unit_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "units").mkdir()
    other = tmp_path / "units" / "phonefleet-gateway.service"
    other.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(Refused, match="not from this command"):
        install(tmp_path)
    assert list((tmp_path / "units").iterdir()) == [other]


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/opt/fleet/phonefleet", "/opt/fleet/phonefleet host"),
        ("/opt/my fleet/phonefleet", '"/opt/my fleet/phonefleet" host'),
        ("/opt/100%/$HOME/phonefleet", "/opt/100%%/$$HOME/phonefleet host"),
        ('/opt/a"b\\c/phonefleet', '"/opt/a\\"b\\\\c/phonefleet" host'),
    ],
)
def test_a_path_is_written_as_systemd_reads_it(path: str, written: str) -> None:
    text = unit(SERVICES["host"], Place([path], "phonefleet", "/etc/phonefleet"), 20)
    assert f"ExecStart={written}\n" in text


@pytest.mark.parametrize(("drain", "seconds"), [(0, 60), (20, 80), (3600, 3660)])
def test_a_host_that_stops_is_given_the_time_to_drain(drain: float, seconds: int) -> None:
    text = unit(SERVICES["host"], Place([sys.executable], "phonefleet", "/etc/phonefleet"), drain)
    assert f"TimeoutStopSec={seconds}\n" in text
