"""`phonefleet missing` tells what a campaign is missing, and plants it."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from models.tables import Campaign, Task
from models.transactions.read_write import read, write
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import like, owned_author
from workers.planting.submit import submit


def test_without_a_campaign_it_says_what_it_wants_with_an_example(run: Run, spoken: str) -> None:
    said = run("missing")
    assert said.status == 2
    told = " ".join(said.err.replace("│", " ").split())
    assert {"en": "A campaign's id or its beginning", "zh": "批次 id 或其开头"}[spoken] in told
    assert "3f2a91c0" in told
    assert "phonefleet status --list" in told


def test_what_is_missing_is_told_and_planted(here: Installation, run: Run) -> None:
    owned_author(here.engine)
    campaign = submit(like("一"), name="one", engine=here.engine).id
    assert "the campaign is complete" in run("missing", campaign[:10]).out
    failed = {"state": "failed", "failure_code": "video_not_found"}
    write(here.engine, lambda session: session.execute(update(Task).values(**failed)))
    write(here.engine, lambda session: session.execute(update(Campaign).values(outcome="failed")))
    said = run("missing", campaign).out
    assert "xiaopeng 一" in said
    assert "video_not_found" in said
    assert f"phonefleet missing {campaign[:8]} --plant" in said
    told = json.loads(run("missing", campaign, "--json").out)
    assert told["missing"] == [{"flow": "directed", "what": "xiaopeng 一", "missing": 1, "why": {"video_not_found": 1}}]
    planted = run("missing", campaign, "--plant", "--who", "li")
    assert "1 tasks that were missing" in planted.out
    second = read(
        here.engine, lambda session: session.scalars(select(Campaign.id).where(Campaign.completes == campaign)).one()
    )
    assert second in planted.out
    assert "has not ended" in run("missing", campaign, "--plant").err
    assert f"completed by {second}, round 1: runs" in run("missing", second).out
