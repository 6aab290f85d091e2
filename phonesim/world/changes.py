"""What accounts and operators changed in the world since it began. Plain state, no rules and no truth log."""

from __future__ import annotations

from collections import Counter, defaultdict

from phonesim.world.entities import Comment, Reply


class Changes:
    """Likes, dislikes, written comments and replies, deleted comments."""

    def __init__(self) -> None:
        self._likes: set[tuple[str, str]] = set()  # (account id, video or comment id)
        self._dislikes: set[tuple[str, str]] = set()  # (account id, comment id)
        self._like_counts: Counter[str] = Counter()
        self._comments: dict[str, list[Comment]] = defaultdict(list)  # by video, oldest first
        self._replies: dict[str, list[Reply]] = defaultdict(list)  # by comment, oldest first
        self._replied: dict[str, set[str]] = defaultdict(set)  # comments with new replies, by video
        self._deleted: dict[str, dict[str, Comment]] = defaultdict(dict)  # by video and comment id

    def likes(self, account_id: str, thing_id: str) -> bool:
        """Does the account like this video or comment?"""
        return (account_id, thing_id) in self._likes

    def new_likes(self, thing_id: str) -> int:
        """Likes that our accounts added."""
        return self._like_counts[thing_id]

    def toggle_like(self, account_id: str, thing_id: str) -> bool:
        """Like, or take the like back; whether the account likes it now."""
        mark = (account_id, thing_id)
        liked = mark not in self._likes
        (self._likes.add if liked else self._likes.discard)(mark)
        self._like_counts[thing_id] += 1 if liked else -1
        return liked

    def dislikes(self, account_id: str, comment_id: str) -> bool:
        """Does the account dislike this comment?"""
        return (account_id, comment_id) in self._dislikes

    def set_dislike(self, account_id: str, comment_id: str, *, disliked: bool) -> None:
        (self._dislikes.add if disliked else self._dislikes.discard)((account_id, comment_id))

    def add_comment(self, comment: Comment) -> None:
        self._comments[comment.video_id].append(comment)

    def add_reply(self, video_id: str, reply: Reply) -> None:
        self._replies[reply.comment_id].append(reply)
        self._replied[video_id].add(reply.comment_id)

    def delete(self, comment: Comment) -> None:
        self._deleted[comment.video_id][comment.id] = comment

    def is_deleted(self, video_id: str, comment_id: str) -> bool:
        return video_id in self._deleted and comment_id in self._deleted[video_id]

    def is_written(self, comment: Comment) -> bool:
        """Was this comment written since the world began?"""
        return comment in self._comments.get(comment.video_id, ())

    def deleted(self, video_id: str) -> list[Comment]:
        """The deleted comments of a video, in the order of deletion."""
        return list(self._deleted[video_id].values()) if video_id in self._deleted else []

    def comments(self, video_id: str) -> list[Comment]:
        """The written comments of a video that are not deleted, newest first."""
        written = self._comments.get(video_id, [])
        return [comment for comment in reversed(written) if not self.is_deleted(video_id, comment.id)]

    def replies(self, comment_id: str) -> list[Reply]:
        """The written replies of a comment, oldest first."""
        return list(self._replies.get(comment_id, []))

    def all_replies(self, video_id: str) -> list[Reply]:
        """The written replies of a video whose comment is not deleted."""
        threads = self._replied.get(video_id, set())
        return [
            reply
            for comment_id in sorted(threads)
            if not self.is_deleted(video_id, comment_id)
            for reply in self._replies[comment_id]
        ]
