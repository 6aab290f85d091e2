"""A video as it fills the screen; feed and video page share it."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import IMAGE_BUTTON, LABEL_VIEW, VIEW, Frame
from phonesim.practice.page import Shell
from phonesim.practice.text import wrap
from phonesim.world import Video
from phonesim.world.formats import count_text


def build_video(frame: Frame, root: Node, shell: Shell, video: Video, bottom: int) -> None:
    """Author with id, title and buttons above `bottom`."""
    frame.add(root, VIEW, "video_surface", (0, 0, 1080, bottom))
    title_top = bottom - 60 - 56 * len(wrap(video.title, 17))
    author_top = title_top - 90
    _build_buttons(frame, root, shell, video, bottom)
    if not shell.may_act(video.author_id):
        frame.add(root, LABEL_VIEW, "notice", (40, author_top - 170, 620, author_top - 90), "当前账号暂不能互动")
    id_box = (40, author_top - 70, 760, author_top - 10)
    frame.add(root, LABEL_VIEW, "video_author_id", id_box, f"视频号ID：{video.author_id}")
    author_box = (40, author_top, 760, author_top + 76)
    frame.add(
        root, LABEL_VIEW, "video_author", author_box, video.author_name, tap=lambda: shell.open_author(video.author_id)
    )
    frame.add(root, LABEL_VIEW, "video_title", (40, title_top, 860, bottom - 40), video.title)


def build_behind(frame: Frame, root: Node, video: Video, top: int) -> None:
    """What a panel leaves in sight of the video behind it: its author's id and its whole title, from `top` down."""
    frame.add(root, LABEL_VIEW, "video_author_id", (40, top, 700, top + 26), f"视频号ID：{video.author_id}")
    frame.add(root, LABEL_VIEW, "video_title", (40, top + 28, 700, top + 54), video.title)


def _build_buttons(frame: Frame, root: Node, shell: Shell, video: Video, bottom: int) -> None:
    world, account_id = shell.world, shell.actor.account_id
    top = bottom - 1000

    def like() -> None:
        actor = shell.actor
        shell.write(lambda: world.toggle_video_like(actor, video.id), video.author_id, "你暂时无法互动")

    like_box, count_box = (900, top, 1040, top + 130), (880, top + 130, 1060, top + 185)
    heart = frame.add(root, IMAGE_BUTTON, "video_like", like_box, desc="点赞", tap=like)
    heart.selected = world.likes_it(account_id, video.id)
    frame.add(root, LABEL_VIEW, "video_like_count", count_box, count_text(world.like_count(video)))
    top += 230
    talk_box, count_box = (900, top, 1040, top + 130), (880, top + 130, 1060, top + 185)
    frame.add(root, IMAGE_BUTTON, "video_comment", talk_box, desc="评论", tap=lambda: shell.open_comments(video.id))
    frame.add(root, LABEL_VIEW, "video_comment_count", count_box, count_text(world.shown_count(video.id, account_id)))
    frame.add(root, IMAGE_BUTTON, "video_more", (900, top + 230, 1040, top + 360), desc="更多", tap=_nothing)


def _nothing() -> None:
    """The menu of a whole video is not part of the practice app."""
