"""`phonefleet flow versions` and its kin ask a fleet's ledger: they make none."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.values.refused import Refused
from scripts.commands.flow_packages.versions import canary, promote, versions, withdraw
from tests.support.installation import installation
from workers.settings import settings


def test_without_a_ledger_they_say_so_and_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    with installation(tmp_path / "var", monkeypatch):
        versions()
        assert "saw no flow package yet" in capsys.readouterr().out
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", f"sqlite:///{nowhere / 'phonefleet.db'}")
        settings.cache_clear()
        for ask in (versions, lambda: promote("a", "1.0"), lambda: withdraw("a", "1.0"), lambda: canary("a", "1.0")):
            with pytest.raises(Refused, match=r"there is no ledger at .*phonefleet\.db yet"):
                ask()
        assert not nowhere.exists()
