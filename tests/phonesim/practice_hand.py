"""A hand on the practice app without a phone: finds nodes by short id, taps, swipes and types."""

from __future__ import annotations

from pathlib import Path

from phonesim.node import Node
from phonesim.practice import PACKAGE
from phonesim.practice.app import PracticeApp
from phonesim.world import World

WIDTH, HEIGHT = 1080, 2400
SEED = 7
NOON = 1_781_150_400.0  # 2026-06-11 12:00 in China


class Clock:
    """A clock that moves when told."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Hand:
    """One phone's app in a world of its own, unless one is given."""

    def __init__(self, world: World | None = None, *, account_id: str = "acc0001", serial: str = "S1") -> None:
        self.clock = Clock()
        self.world = world or World(SEED, accounts=4, clock=self.clock)
        self.app = PracticeApp(self.world, serial, account_id, self.clock)
        self.app.start()

    def nodes(self) -> list[Node]:
        return list(self.app.render(WIDTH, HEIGHT).walk())

    def all(self, name: str) -> list[Node]:
        wanted = name if ":" in name else f"{PACKAGE}:id/{name}"
        return [node for node in self.nodes() if node.resource_id == wanted]

    def one(self, name: str) -> Node:
        found = self.all(name)
        assert found, f"no {name} on {self.page()}"
        return found[0]

    def texts(self, name: str) -> list[str]:
        return [node.text for node in self.all(name)]

    def page(self) -> str:
        """The page that is shown; empty outside the app."""
        names = [node.resource_id.rpartition("/")[2] for node in self.nodes()]
        pages = [name for name in names if name.startswith("page_")]
        assert len(pages) <= 1, pages
        return pages[0] if pages else ""

    def tap(self, name: str, place: int = 0) -> None:
        self.app.tap(*middle(self.all(name)[place]))

    def type(self, name: str, text: str) -> None:
        self.app.set_text(self.one(name), text)

    def up(self, way: int = 1000) -> None:
        """The finger goes up, so that later rows come."""
        self.app.swipe(500, 2100, 500, 2100 - way)

    def to_comments(self, video_id: str) -> None:
        """Walk there as a person does: search, author, video, comments."""
        video = self.world.video(video_id)
        self.tap("tab_search")
        self.type("search_input", video.author_id)
        self.tap("search_button")
        self.tap("result_item")
        self.to_video(video_id)
        self.tap("video_comment")

    def to_video(self, video_id: str) -> None:
        """From the author's page: scroll row by row, so that the wanted row is on top unless the list ends."""
        ids = [video.id for video in self.world.videos(self.world.video(video_id).author_id)]
        place = ids.index(video_id)
        for _ in range(place):
            self.up(240)
        self.tap("video_item", place - len(ids) if self.all("list_end") else 0)

    def last_truth(self) -> dict[str, object]:
        return self.world.truth()[-1]


def middle(node: Node) -> tuple[int, int]:
    left, top, right, bottom = node.bounds
    return (left + right) // 2, (top + bottom) // 2


def busy_video(world: World, author_id: str = "xiaopeng") -> str:
    """A video with 60 to 150 comments."""
    return next(video.id for video in world.videos(author_id) if 60 <= video.comments <= 150)


def truth_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
