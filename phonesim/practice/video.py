"""page_video: one video opened from its author's page."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import IMAGE_BUTTON, Frame
from phonesim.practice.page import Page, Shell
from phonesim.practice.video_view import build_video
from phonesim.world import Video


class VideoPage(Page):
    """As the feed, without tabs."""

    name = "page_video"
    activity = ".VideoActivity"

    def __init__(self, shell: Shell, video: Video) -> None:
        super().__init__(shell)
        self._video = video

    def move_on(self) -> None:
        """The author's next video plays in its place."""
        videos = list(self.shell.world.videos(self._video.author_id))
        place = next(place for place, video in enumerate(videos) if video.id == self._video.id)
        self._video = videos[(place + 1) % len(videos)]

    def build(self, frame: Frame, root: Node) -> None:
        build_video(frame, root, self.shell, self._video, frame.height - 60)
        frame.add(root, IMAGE_BUTTON, "back_button", (20, 90, 140, 210), desc="返回", tap=self.shell.close)
