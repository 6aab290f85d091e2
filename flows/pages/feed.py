"""The feed: one video after the other."""

from __future__ import annotations

from flows.pages.video import Video

SWIPES = 3  # swipes without another video coming: the feed has ended
TURN_LOOKS = 6  # looks until the next video shows: about 2 seconds


class FeedPage(Video):
    """The video that the feed shows now."""

    name = "feed"

    def next(self) -> FeedPage | None:
        """Swipe to the next video; None when no other comes."""
        width, height = self.screen.size
        for _ in range(SWIPES):
            self.app.swipe((width // 2, height * 3 // 4), (width // 2, height // 4), 0.3)
            for turn in range(TURN_LOOKS):
                if turn:
                    self.app.settle()
                page = self.app.see(FeedPage)
                if page.identity != self.identity:
                    return page
        return None
