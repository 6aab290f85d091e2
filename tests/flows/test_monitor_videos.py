"""monitor_account and monitor_keyword against the simulated app: what they read is the world's own, new videos too."""

from __future__ import annotations

from typing import Any

import pytest

from phonesim.world import Video, World
from tests.flows.rig import ACCOUNTS, LONG, SEED, Rig

AUTHOR = "xiaopeng"
WORD = "冬季续航"


def videos_of(rig: Rig, author_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(one["videos"] for one in rig.world["authors"] if one["id"] == author_id)
    return found


def found_by(rig: Rig, word: str) -> list[Video]:
    """What the search finds, the newest first; from the world itself, by its seed."""
    return World(SEED, ACCOUNTS, emoji=rig.emoji).search_videos(word, newest=True)


def publish(rig: Rig, author_id: str, *titles: str) -> None:
    for title in titles:
        rig.shelf.post("/world/publish", author_id=author_id, title=title)


@pytest.mark.parametrize("most", [12, pytest.param(60, marks=pytest.mark.kind_phone(LONG))])
def test_an_accounts_videos_are_read_in_order_by_their_full_titles(rig: Rig, most: int) -> None:
    expected = videos_of(rig, AUTHOR)
    look = rig.run("monitor_account", author_id=AUTHOR, most=most)
    assert [one.title for one in look.titles] == [one["title"] for one in expected[:most]]
    assert any(len(one.title) > 24 for one in look.titles)  # which the list cuts
    counts = [one["shown"] for one in expected[:most]]
    assert [one.shown_count for one in look.titles] == [n if n < 10_000 else n // 1000 * 1000 for n in counts]
    name = next(one["name"] for one in rig.world["authors"] if one["id"] == AUTHOR)
    assert (look.author_id, look.author, look.looked_at, look.gaps) == (AUTHOR, name, len(look.titles), 0)
    assert look.ended == (most >= len(expected))
    assert all(one.at for one in look.titles)
    assert (look.new, look.first) == (None, None)  # the ledger says that
    assert not rig.truth()  # it only reads


def test_a_video_that_an_account_publishes_is_in_its_next_look(rig: Rig) -> None:
    before = rig.run("monitor_account", author_id="laoyuechetan", most=5)
    long = "今天刚刚发布的一期：我们把刹车系统完整拆开，一次说清楚到底发生了什么"
    publish(rig, "laoyuechetan", "今天的短视频", long)
    after = rig.run("monitor_account", author_id="laoyuechetan", most=7)
    assert [one.title for one in after.titles] == [long, "今天的短视频", *(one.title for one in before.titles)]
    assert [one.precision for one in after.titles[:2]] in (["second"] * 2, ["minute"] * 2)


def test_two_videos_with_one_title_are_both_read(rig: Rig) -> None:
    publish(rig, "qingchengche", "同一个标题", "同一个标题")
    look = rig.run("monitor_account", author_id="qingchengche", most=4)
    assert [one.title for one in look.titles][:2] == ["同一个标题"] * 2
    assert look.gaps == 0


@pytest.mark.parametrize("most", [3, pytest.param(40, marks=pytest.mark.kind_phone(LONG))])
def test_a_word_finds_the_videos_of_all_authors_the_newest_first(rig: Rig, most: int) -> None:
    expected = found_by(rig, WORD)
    look = rig.run("monitor_keyword", keyword=WORD, most=most)
    assert [(one.author_id, one.title) for one in look.titles] == [
        (video.author_id, video.title) for video in expected[:most]
    ]
    assert len({one.author_id for one in look.titles}) > 1
    shown = {video["id"]: video["shown"] for author in rig.world["authors"] for video in author["videos"]}
    counts = [shown[video.id] for video in expected[:most]]
    assert [one.shown_count for one in look.titles] == [n if n < 10_000 else n // 1000 * 1000 for n in counts]
    assert (look.keyword, look.looked_at, look.gaps) == (WORD, len(look.titles), 0)
    assert look.ended == (most >= len(expected))
    assert not rig.truth()


def test_a_video_that_comes_up_under_a_word_is_in_the_next_look(rig: Rig) -> None:
    assert rig.run("monitor_keyword", keyword="召回公告").titles == ()
    publish(rig, "chenzhen", "召回公告😀第一号")
    publish(rig, "xiaopeng_club", "召回公告😂第一号", "召回公告，为什么说得这么长这么长这么长这么长这么长")
    look = rig.run("monitor_keyword", keyword="召回公告")
    assert [(one.author_id, one.title) for one in look.titles] == [
        ("xiaopeng_club", "召回公告，为什么说得这么长这么长这么长这么长这么长"),
        ("xiaopeng_club", "召回公告😂第一号"),
        ("chenzhen", "召回公告😀第一号"),
    ]
    assert look.ended


def test_a_look_after_another_word_does_not_take_its_results(rig: Rig) -> None:
    assert rig.run("monitor_keyword", keyword=WORD, most=1).titles
    assert rig.run("monitor_keyword", keyword="没有任何视频有这个词").titles == ()


PARAMS: dict[str, dict[str, Any]] = {
    "monitor_account": {"author_id": AUTHOR, "most": 3},
    "monitor_keyword": {"keyword": WORD, "most": 3},
}
FAULTS = [
    ("network_down", "list_not_loaded"), ("logged_out", "logged_out"), ("verification", "verification_asked"),
    ("page_drift", "page_drift"),
]  # fmt: skip


@pytest.mark.parametrize("flow", PARAMS)
@pytest.mark.parametrize(("fault", "code"), FAULTS)
def test_under_faults_a_look_fails_and_claims_no_empty_list(rig: Rig, flow: str, fault: str, code: str) -> None:
    rig.shelf.fault(fault)
    assert rig.fails(flow, **PARAMS[flow]).code == code


@pytest.mark.parametrize("flow", PARAMS)
@pytest.mark.parametrize("fault", ["loading_fails", "popup", "app_crash"])
def test_a_look_gets_past_what_passes(rig: Rig, flow: str, fault: str) -> None:
    options: dict[str, Any] = {"times": 1} if fault == "loading_fails" else {}
    rig.shelf.fault(fault, **options)
    assert rig.run(flow, **PARAMS[flow]).looked_at == 3


@pytest.mark.parametrize("on", ["search_videos", "sort_new", "found_button", "found_item"])
def test_a_pop_up_at_any_step_of_the_search_is_closed(rig: Rig, on: str) -> None:
    rig.shelf.fault("popup", at="next_tap", on=on)
    look = rig.run("monitor_keyword", keyword=WORD, most=2)
    assert [one.title for one in look.titles] == [video.title for video in found_by(rig, WORD)[:2]]


def test_an_account_that_is_not_there_says_so(rig: Rig) -> None:
    assert rig.fails("monitor_account", author_id="nobody").code == "author_not_found"


@pytest.mark.parametrize("flow", PARAMS)
def test_rows_are_those_of_the_result_sheet(rig: Rig, flow: str) -> None:
    assert len(rig.rows(flow, **PARAMS[flow])) == 3
    assert rig.watch.steps[0] == "account"
    assert rig.watch.steps[-1] == "videos"
