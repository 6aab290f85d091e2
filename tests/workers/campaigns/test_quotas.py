"""Quotas of a campaign file: what they refuse at submit, what they leave out of the draw, and where they are kept."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine

from models.responsible_use.caps import Caps
from models.values.refused import Refused
from tests.support.ledger.campaign_run import run, succeeds
from tests.support.ledger.drive import campaign, known_account, owned_author
from workers.attempts.outcome import Failed
from workers.campaigns.build import plant_day
from workers.campaigns.complete import plant_missing
from workers.campaigns.draw import Comment, Used
from workers.campaigns.draw_pinned import Doers, draw_shares
from workers.campaigns.given_campaign import GivenCampaign, load_campaign
from workers.planting.stage_params import DirectedRequest, PinnedShare

FILE: dict[str, Any] = {
    "campaign": "标准日",
    "accounts": ["acc1", "acc2"],
    "nurture": {"comments": 1, "video_likes": 2, "video_loop": 20, "texts": ["好看"]},
    "collect": {"authors": ["xiaopeng"], "videos": 2, "comments": 5},
    "directed": {"per_account": {"comment_likes": 2}},
}


@pytest.fixture
def there(ledger: Engine) -> Engine:
    """A ledger that knows the author and two accounts."""
    owned_author(ledger)
    known_account(ledger, "acc1")
    known_account(ledger, "acc2")
    return ledger


def planted(engine: Engine, **quotas: int) -> str:
    return plant_day(GivenCampaign({**FILE, "quotas": quotas}), engine, asked_by="li").handle.id


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        ({"comments": 1}, "quotas.comments: 2 are asked for, and the quota is 1"),
        ({"video_likes": 3}, "quotas.video_likes: 4 are asked for, and the quota is 3"),
        ({"comment_likes": 3}, "quotas.comment_likes: 4 are asked for, and the quota is 3"),
        ({"per_account": 4}, "quotas.per_account: 5 actions of one account are asked for, and the quota is 4"),
        ({"per_author": 3}, "quotas.per_author: 4 actions on 1 authors are asked for, and the quota is 3 on each"),
    ],
)
def test_a_file_that_asks_for_more_than_its_own_quotas_is_refused(
    there: Engine, quotas: dict[str, int], said: str
) -> None:
    with pytest.raises(Refused, match=re.escape(said)):
        planted(there, **quotas)


def test_what_fits_is_planted_and_the_campaign_and_those_that_complete_it_keep_the_quotas(there: Engine) -> None:
    quotas = {"comments": 1, "video_likes": 2, "comment_likes": 2, "per_account": 5, "per_author": 2}
    alone = GivenCampaign({**FILE, "accounts": ["acc1"], "quotas": quotas})
    one = plant_day(alone, there, asked_by="li").handle.id
    assert campaign(there, one).quotas == quotas
    run(there, one, lambda got: Failed("bad_input", "no") if got.flow == "nurture" else succeeds(got))
    later, _ = plant_missing(there, one, who="li")
    assert campaign(there, later).quotas == quotas
    without = plant_day(GivenCampaign({**FILE, "campaign": "无"}), there, asked_by="li").handle.id
    assert campaign(there, without).quotas is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("quotas: {}", r"quotas\.per_account: line 5, column \d+: no quota is given"),
        ("quotas: {per_account: 0}", r"quotas\.per_account: line 5, column 23: "),
        ("quotas: {per_acount: 1}", r"quotas\.per_acount: line 5, column 10: there is no such field"),
        ("quotas: {comments: many}", r"quotas\.comments: line 5, column 20: "),
    ],
)
def test_quotas_that_cannot_be_meant_are_refused_with_their_place(written: str, said: str) -> None:
    text = f"campaign: 标准日\ncollect:\n  {{authors: [xiaopeng], videos: 2, comments: 5}}\naccounts: all\n{written}\n"
    with pytest.raises(Refused) as refused:
        load_campaign(text, "day.yaml").check()
    assert re.search(said, str(refused.value)), str(refused.value)


def test_the_draw_takes_no_more_of_an_author_than_the_quota_pinned_shares_and_earlier_actions_included() -> None:
    found = [Comment(author, "一", f"粉丝{number}", f"说{number}") for author in "xy" for number in range(30)]
    work = DirectedRequest(
        like_comment=20, most_per_author=6, pinned=(PinnedShare(account="a", author_id="x", like_comment=2),)
    )
    used, caps = Used(drawn={"y": 1}), Caps()
    shares = draw_shares(found, work, caps, used, Doers({"a": 40, "b": 40}), seed=7)
    counts = Counter(task["author_id"] for share in shares for task in share.tasks)
    assert counts == {"x": 6, "y": 5}
