"""Following a campaign: why nothing moves is said once, and Ctrl-C ends the following in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.console import Console

from models.fleet.phones import phone_online
from models.tasks.progress import Progress
from scripts.terminal.following import follow_to_the_end
from scripts.terminal.words import in_words
from tests.support.installation import Installation
from tests.support.ledger.drive import owned_author, titles
from workers.coordinator.leader import lead
from workers.planting import handle as of_handles
from workers.planting.handle import Handle
from workers.planting.submit import submit


@pytest.fixture
def waiting(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """A campaign of the operator's own beside a simulated phone."""
    monkeypatch.setattr(of_handles, "_REASON_EVERY", 0.0)
    monkeypatch.setenv("COLUMNS", "400")
    owned_author(here.engine)
    assert lead(here.engine, "one", 600)
    phone_online(here.engine, "p1", "p1", "test", "x", "i1", sandbox=True)
    return submit(titles(), name="one", engine=here.engine)


@pytest.mark.parametrize("terminal", [False, True])
def test_it_says_once_why_nothing_moves(
    waiting: Handle, spoken: str, terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow_to_the_end(waiting, Console(force_terminal=terminal), 1.0) == 1
    said = capsys.readouterr().out
    told = {"en": ("nothing moves, since ", "only simulated phones"), "zh": ("没有任务在动，自 ", "模拟手机")}[spoken]
    for part in (*told, "PHONEFLEET_SANDBOX", f"phonefleet status {waiting.id[:8]}"):
        assert part in said
    assert terminal or said.count(told[0]) == 1


def test_ctrl_c_ends_the_following_and_not_the_campaign(
    waiting: Handle, spoken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_handle: Handle, _timeout: float) -> Iterator[Progress]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Handle, "follow", interrupted)
    assert follow_to_the_end(waiting, Console(), 600) == 130
    assert f"phonefleet status {waiting.id[:8]}" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended, in_words():
        waiting.wait(600)
    assert ended.value.code == 130
    assert "Ctrl-C" in capsys.readouterr().err
