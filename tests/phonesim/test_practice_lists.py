"""Lists scroll by the finger's way, cut off their edges, and load in parts of 20 that may fail."""

from __future__ import annotations

from itertools import pairwise

import pytest

from phonesim.practice.scroll import FOOTER, GLIDE, PART, Loading, PartList
from phonesim.practice.slow import PLACEHOLDERS, SECONDS
from phonesim.roughness import Roughness
from tests.phonesim.practice_hand import Hand, busy_video


class Net:
    """Loading that a test rules."""

    def __init__(self) -> None:
        self.time = 0.0
        self.seconds = 0.0
        self.failures = 0
        self.inertia = 1.0

    def now(self) -> float:
        return self.time

    def load_seconds(self) -> float:
        return self.seconds

    def load_fails(self) -> bool:
        self.failures -= 1
        return self.failures >= 0

    def run_on(self) -> float:
        return self.inertia - 1


@pytest.mark.parametrize(
    ("count", "loaded", "state"),
    [
        (0, 0, Loading.ENDED),
        (PART - 1, PART - 1, Loading.ENDED),
        (PART, PART, Loading.IDLE),
        (PART + 1, PART, Loading.IDLE),
    ],
)
def test_a_list_begins_with_one_part(count: int, loaded: int, state: Loading) -> None:
    rows = PartList(iter(range(count)), lambda _row: 100, Net())
    assert (len(rows.rows), rows.loading) == (loaded, state)


def test_the_next_part_loads_when_the_end_is_near_and_only_then() -> None:
    rows = PartList(iter(range(50)), lambda _row: 100, Net())
    rows.fit(1000)
    assert len(rows.rows) == 20
    rows.scroll(-50)
    assert len(rows.rows) == 20
    rows.scroll(-200)
    assert len(rows.rows) == 40
    rows.scroll(-9999)
    assert rows.offset == 4000 + FOOTER - 1000
    rows.scroll(-9999)
    assert (len(rows.rows), rows.loading) == (50, Loading.ENDED)
    rows.scroll(99999)
    assert rows.offset == 0


def test_a_part_takes_its_time() -> None:
    net = Net()
    net.seconds = 1.5
    rows = PartList(iter(range(5)), lambda _row: 100, net)
    net.time = 1.4
    rows.fit(1000)
    assert (rows.rows, rows.loading) == ([], Loading.BUSY)
    net.time = 1.5
    rows.fit(1000)
    assert rows.loading is Loading.ENDED
    assert len(rows.rows) == 5


def test_a_failed_part_waits_for_a_retry() -> None:
    net = Net()
    net.failures = 2
    rows = PartList(iter(range(5)), lambda _row: 100, net)
    rows.fit(1000)
    rows.scroll(-100)
    states = [rows.loading]
    for _ in range(2):
        rows.load()
        states.append(rows.loading)
    assert states == [Loading.FAILED, Loading.FAILED, Loading.ENDED]


def test_rows_put_in_or_grown_move_the_others() -> None:
    heights = {0: 100, 1: 100, 9: 300}
    rows = PartList(iter((0, 1)), lambda row: heights[row], Net())
    rows.put_first(9)
    rows.fit(1000)
    assert list(rows.visible()) == [(9, 0, 300), (0, 300, 100), (1, 400, 100)]
    heights[0] = 150
    rows.measure()
    assert list(rows.visible())[2] == (1, 450, 100)
    assert rows.footer() == 550


def _open(hand: Hand) -> str:
    video_id = busy_video(hand.world)
    hand.to_comments(video_id)
    return video_id


def test_scrolling_follows_the_finger_to_the_pixel() -> None:
    hand = Hand()
    _open(hand)
    before = hand.all("comment_text")
    hand.up(137)
    after = {node.text: node.bounds for node in hand.all("comment_text")}
    moved = [(node.bounds[1] - after[node.text][1]) for node in before[1:4]]
    assert moved == [137, 137, 137]
    hand.app.swipe(500, 900, 500, 1037)
    assert [node.bounds for node in hand.all("comment_text")] == [node.bounds for node in before]


def test_rows_at_the_edges_are_cut_off_and_lose_the_parts_outside() -> None:
    hand = Hand()
    _open(hand)
    _, top, _, bottom = hand.one("comment_list").bounds
    first = hand.all("comment_item")[0].bounds
    hand.up(first[3] - first[1] - 40)  # 40 pixels of the first row are left
    row = hand.all("comment_item")[0]
    assert (row.bounds[1], row.bounds[3]) == (top, top + 40)
    names = [child.resource_id.rpartition("/")[2] for child in row.children]
    assert "comment_author" not in names
    assert "comment_text" not in names
    for node in hand.all("comment_item") + hand.all("comment_text"):
        assert top <= node.bounds[1] < node.bounds[3] <= bottom


def test_the_panel_shows_six_to_eight_comments_at_a_time() -> None:
    hand = Hand()
    counts = []
    for author in hand.world.authors[:4]:
        hand.app.open_comments(busy_video(hand.world, author.id))
        for _ in range(6):
            counts.append(sum(len(row.children) >= 8 for row in hand.all("comment_item")))
            hand.up(1100)
    counts.sort()
    assert 6 <= counts[len(counts) // 10] <= counts[len(counts) // 2] <= 8


def test_scrolling_to_the_end_shows_every_comment_once() -> None:
    hand = Hand()
    video_id = _open(hand)
    seen: dict[tuple[str, str, str], None] = {}
    for _ in range(200):
        for row in hand.all("comment_item"):
            parts = {child.resource_id.rpartition("/")[2]: child.text for child in row.children}
            if {"comment_author", "comment_text", "comment_time"} <= parts.keys():
                seen[parts["comment_author"], parts["comment_text"], parts["comment_time"]] = None
        if hand.all("list_end"):
            break
        hand.up(400)
    expected = {(c.commenter, c.text) for c in hand.world.comments(video_id, "acc0001")}
    assert {key[:2] for key in seen} == expected
    assert len(seen) == hand.world.video(video_id).comments


def test_loading_shows_then_goes() -> None:
    hand = Hand()
    hand.app.load_delay(2.0)
    hand.app.open_comments(busy_video(hand.world))
    assert hand.all("list_loading")
    assert not hand.all("comment_item")
    hand.clock.now += 2.0
    assert hand.all("comment_item")
    assert not hand.all("list_loading")


def test_a_failed_load_is_retried_by_a_tap() -> None:
    hand = Hand()
    hand.app.loading_fails = 2
    hand.app.open_comments(busy_video(hand.world))
    for _ in range(2):
        assert hand.texts("list_retry") == ["加载失败，点击重试"]
        assert not hand.all("comment_item")
        hand.tap("list_retry")
    assert hand.all("comment_item")
    assert hand.app.loading_fails == 0


@pytest.mark.parametrize("place", ["author", "comments", "replies", "search"])
def test_without_network_no_list_loads(place: str) -> None:
    hand = Hand()
    comment = next(hand.world.comments(busy_video(hand.world), "acc0001"))
    hand.app.network_down = True
    if place == "author":
        hand.tap("video_author")
    elif place == "comments":
        hand.tap("video_comment")
    elif place == "replies":
        hand.app.open_replies(comment)
    else:
        hand.tap("tab_search")
        hand.type("search_input", "小鹏")
        hand.tap("search_button")
    assert hand.all("list_retry")
    assert not hand.all("list_end")
    assert not hand.all("search_empty")
    hand.app.network_down = False
    hand.tap("list_retry")
    assert hand.all("list_end") or hand.all("video_item") or hand.all("comment_item")


def test_a_video_without_comments_says_so() -> None:
    hand = Hand()
    empty = next(v.id for author in hand.world.authors for v in hand.world.videos(author.id) if v.comments == 0)
    hand.app.open_comments(empty)
    assert hand.texts("comments_total") == ["评论 0"]
    assert hand.all("list_end")
    assert not hand.all("comment_item")


@pytest.mark.parametrize("inertia", [1.3, 1.6, 2.0])
def test_a_rough_list_runs_on_slower_and_slower_and_stands_still(inertia: float) -> None:
    net = Net()
    net.inertia = inertia
    rows = PartList(iter(range(PART - 1)), lambda _row: 300, net)
    rows.fit(1000)
    rows.scroll(-500)
    seen = [rows.offset]
    for _ in range(10):
        net.time += GLIDE / 8
        rows.settle()
        seen.append(rows.offset)
    ways = [later - earlier for earlier, later in pairwise(seen)]
    assert (seen[0], seen[-1]) == (500, round(500 * inertia))
    assert ways == sorted(ways, reverse=True)
    assert ways[-1] == 0


def test_a_finger_stops_a_list_that_runs_on() -> None:
    net = Net()
    net.inertia = 2.0
    rows = PartList(iter(range(PART - 1)), lambda _row: 300, net)
    rows.fit(1000)
    rows.scroll(-500)
    net.time += GLIDE / 2
    net.inertia = 1.0
    rows.scroll(-100)
    stopped = rows.offset
    net.time += GLIDE
    rows.settle()
    assert rows.offset == stopped == 500 + 375 + 100


def test_rough_rows_are_stickers_alone_and_fields_come_late() -> None:
    hand = Hand()
    hand.app.rough = Roughness().with_options({"textless_rows": True, "slow_fields": True})
    video = busy_video(hand.world)
    hand.app.start()
    hand.app.open_comments(video)
    early = [node for node in hand.app.render(1080, 2400).walk() if node.resource_id.endswith("comment_author")]
    assert {node.text for node in early} <= {*PLACEHOLDERS}
    hand.clock.now += SECONDS
    nodes = list(hand.app.render(1080, 2400).walk())
    assert all(node.text not in PLACEHOLDERS for node in nodes if node.resource_id.endswith("comment_author"))
    rows = [row for row in nodes if row.resource_id.endswith("comment_item")]
    kinds = {tuple(sorted(inner.resource_id.rpartition("_")[2] for inner in row.children)) for row in rows}
    assert any("picture" in kind and "text" not in kind for kind in kinds)
    assert any("text" in kind for kind in kinds)
