"""Every recording in screens/ is replayed: the flow does and brings what it did and brought when it was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from collect_articles.flow import FLOW

from flows.packages.recording import read_recording
from flows.packages.replay import replay
from flows.profile import load_profile

FOLDER = Path(__file__).parents[1]
SCREENS = sorted(path.parent for path in FOLDER.glob("screens/*/recording.json"))


@pytest.mark.parametrize("recording", SCREENS, ids=lambda path: path.name)
def test_replay(recording: Path) -> None:
    profile = load_profile(str(FOLDER / "collect_articles" / "profile.yaml"), only_read=True)
    assert replay(FLOW, profile, read_recording(recording)).got == 2
