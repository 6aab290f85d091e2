"""The feed, which shows one video at a time."""

from __future__ import annotations

from flows.lossy import may_be
from flows.pages.video import Video

SWIPES = 3  # swipes without another video coming: the feed has ended
TURN_LOOKS = 6  # looks until the next video shows: about 2 seconds


class FeedPage(Video):
    """The video that the feed shows now."""

    name = "feed"

    def differs_from(self, other: FeedPage) -> bool:
        """Returns whether `other` is another video; reads the other's texts whole if its dump is unclear."""
        parts = ("author_id", "title")
        if not all(may_be(other.need(part), self.need(part).text) for part in parts):
            return True
        return other.whole(*parts).identity != self.identity

    def next(self) -> FeedPage | None:
        """Swipes to the next video and returns it; None when none comes."""
        here = self.whole("author_id", "title")
        width, height = here.screen.size
        for _ in range(SWIPES):
            self.app.swipe((width // 2, height * 3 // 4), (width // 2, height // 4), 0.3)
            for turn in range(TURN_LOOKS):
                if turn:
                    self.app.settle()
                page = self.app.see(FeedPage)
                if here.differs_from(page):
                    return page
        return None
