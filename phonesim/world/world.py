"""The one world behind all phones: what can be seen, what can be done, and the log of what was done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from phonesim.truth import Happening, TruthLog
from phonesim.world.catalogue import Catalogue
from phonesim.world.changes import Changes
from phonesim.world.emoji import Emoji
from phonesim.world.entities import Account, Actor, Author, Comment, Reply, Video
from phonesim.world.rules import Rules
from phonesim.world.search import authors_found, videos_found


class MayNotAct(Exception):
    """The account may not act on this author's videos."""


class Gone(Exception):
    """The comment was deleted meanwhile."""


class World:
    """Authors, videos, comments and accounts, shared by all phones; safe to use from several threads.

    The same seed, the same clock and the same calls give the same content. Unknown ids raise KeyError.
    """

    def __init__(
        self,
        seed: int,
        accounts: int,
        truth_path: Path | None = None,
        clock: Callable[[], float] = time.time,
        emoji: Emoji = Emoji.SOME,
    ) -> None:
        """`accounts`: how many (acc0001, …); `clock`: seconds since 1970; `emoji`: how many of its texts hold some."""
        self._clock = clock
        self._catalogue = Catalogue(seed, accounts, clock(), emoji)
        self._accounts = {account.id: account for account in self._catalogue.accounts}
        self._changes = Changes()
        self._rules = Rules()
        self._truth = TruthLog(truth_path, clock)
        self._written = 0
        self._lock = threading.RLock()

    # What can be seen

    @property
    def accounts(self) -> list[Account]:
        return list(self._accounts.values())

    @property
    def authors(self) -> list[Author]:
        return list(self._catalogue.authors.values())

    def account(self, account_id: str) -> Account:
        return self._accounts[account_id]

    def author(self, author_id: str) -> Author:
        return self._catalogue.authors[author_id]

    def video(self, video_id: str) -> Video:
        with self._lock:
            return self._catalogue.video(video_id)

    def now(self) -> float:
        """The world's clock: seconds since 1970."""
        return self._clock()

    def search(self, words: str) -> list[Author]:
        """Authors whose id is exactly this, or whose name has it as a part."""
        return authors_found(self.authors, words)

    def search_videos(self, words: str, *, newest: bool) -> list[Video]:
        """Videos with this in their title or their author's name: the newest first, else the best liked."""
        with self._lock:
            order = (lambda video: -video.created) if newest else (lambda video: -self.like_count(video))
            return videos_found(self._catalogue.every_video(), words, order)

    def videos(self, author_id: str) -> list[Video]:
        """An author's videos, newest first."""
        with self._lock:
            return self._catalogue.videos(author_id)

    def feed(self, account_id: str, position: int) -> Video:
        """The video at a position (from 0, endless) of an account's feed."""
        with self._lock:
            return self._catalogue.feed(self._accounts[account_id].id, position)

    def shown_count(self, video_id: str, viewer_id: str) -> int:
        """Comments and replies of a video that this account can see."""
        with self._lock:
            video = self._catalogue.video(video_id)
            deleted = (one for one in self._changes.deleted(video_id) if not self._changes.is_written(one))
            gone = sum(1 + comment.replies for comment in deleted)
            comments = self._seen_comments(video_id, viewer_id)
            replies = [r for r in self._changes.all_replies(video_id) if self._rules.sees(viewer_id, r.account_id)]
            return self._catalogue.base_count(video) - gone + len(comments) + len(replies)

    def comments(self, video_id: str, viewer_id: str) -> Iterator[Comment]:
        """The comments of a video as an account sees them now: our accounts' newest first, then the crowd's."""
        with self._lock:
            return chain(self._seen_comments(video_id, viewer_id), self._crowd(self._catalogue.video(video_id)))

    def replies(self, comment: Comment, viewer_id: str) -> Iterator[Reply]:
        """The thread of a comment as an account sees it now, oldest first."""
        crowd = (self._catalogue.reply(comment, index) for index in range(comment.replies))
        with self._lock:
            return chain(crowd, self._seen_replies(comment, viewer_id))

    def reply_count(self, comment: Comment, viewer_id: str) -> int:
        return comment.replies + len(self._seen_replies(comment, viewer_id))

    def likes_it(self, account_id: str, thing_id: str) -> bool:
        """Does the account like this video or comment?"""
        return self._changes.likes(account_id, thing_id)

    def dislikes_it(self, account_id: str, comment_id: str) -> bool:
        """Does the account dislike this comment? Only the account itself is shown that."""
        return self._changes.dislikes(account_id, comment_id)

    def like_count(self, thing: Video | Comment) -> int:
        return thing.likes + self._changes.new_likes(thing.id)

    def may_act(self, account_id: str, author_id: str) -> bool:
        return self._rules.may_act(account_id, author_id)

    # What an account can do. All raise MayNotAct; those on a comment raise Gone.

    def toggle_video_like(self, actor: Actor, video_id: str) -> bool:
        """Like a video, or take the like back; whether it is liked now."""
        with self._lock:
            video = self._writable(actor, video_id)
            liked = self._changes.toggle_like(actor.account_id, video.id)
            self._log(actor, "like_video" if liked else "unlike_video", video)
            return liked

    def toggle_comment_like(self, actor: Actor, comment: Comment) -> bool:
        """Like a comment, or take the like back; whether it is liked now."""
        with self._lock:
            video = self._writable(actor, comment.video_id, comment)
            liked = self._changes.toggle_like(actor.account_id, comment.id)
            self._log(actor, "like_comment" if liked else "unlike_comment", video, comment)
            return liked

    def write_comment(self, actor: Actor, video_id: str, text: str) -> Comment:
        with self._lock:
            video = self._writable(actor, video_id)
            comment = Comment(
                id=f"{video.id}-n{self._next()}",
                video_id=video.id,
                commenter=self._accounts[actor.account_id].name,
                text=text,
                created=self._clock(),
                likes=0,
                replies=0,
                account_id=actor.account_id,
            )
            self._changes.add_comment(comment)
            self._log(actor, "comment", video, text=text, new_id=comment.id)
            return comment

    def write_reply(self, actor: Actor, comment: Comment, text: str) -> Reply:
        with self._lock:
            video = self._writable(actor, comment.video_id, comment)
            name = self._accounts[actor.account_id].name
            reply_id = f"{comment.id}-n{self._next()}"
            reply = Reply(reply_id, comment.id, name, text, self._clock(), actor.account_id)
            self._changes.add_reply(video.id, reply)
            self._log(actor, "reply", video, comment, text)
            return reply

    def dislike_comment(self, actor: Actor, comment: Comment) -> None:
        self._dislike(actor, comment, disliked=True)

    def undislike_comment(self, actor: Actor, comment: Comment) -> None:
        """Take a dislike back."""
        self._dislike(actor, comment, disliked=False)

    def report_comment(self, actor: Actor, comment: Comment, reason: str) -> None:
        with self._lock:
            self._log(actor, "report_comment", self._writable(actor, comment.video_id, comment), comment, reason)

    # What whoever runs the simulation can do and ask

    def delete_comment(self, author_id: str, title: str, commenter: str, text: str) -> bool:
        """Delete the first comment that matches, its thread with it; False if there is none."""
        with self._lock:
            for video in (one for one in self._catalogue.videos(author_id) if one.title == title):
                for comment in chain(self._changes.comments(video.id), self._crowd(video)):
                    if (comment.commenter, comment.text) == (commenter, text):
                        self._changes.delete(comment)
                        return True
            return False

    def say(self, author_id: str, title: str, commenter: str, text: str) -> str:
        """Somebody of the crowd writes a comment, which stands before the others. Its id. KeyError: no such video."""
        with self._lock:
            video = next((one for one in self._catalogue.videos(author_id) if one.title == title), None)
            if video is None:
                raise KeyError(title)
            new_id = f"{video.id}-n{self._next()}"
            self._changes.add_comment(Comment(new_id, video.id, commenter, text, self._clock(), 0, 0))
            return new_id

    def publish(self, author_id: str, title: str) -> str:
        """An author publishes a video. Its id. Raises KeyError for an unknown author."""
        with self._lock:
            return self._catalogue.publish(author_id, title, self._clock()).id

    def forbid(self, account_id: str, author_id: str | None = None) -> None:
        """The account may no longer act: on one author's videos, or at all."""
        with self._lock:
            self._rules.forbid(self._accounts[account_id].id, author_id and self.author(author_id).id)

    def allow(self, account_id: str, author_id: str | None = None) -> None:
        """Take a `forbid` with the same arguments back."""
        with self._lock:
            self._rules.allow(account_id, author_id)

    def moderate(self, account_id: str) -> None:
        """From now on only the account itself sees what it wrote."""
        with self._lock:
            self._rules.moderate(self._accounts[account_id].id)

    def truth(self) -> list[dict[str, Any]]:
        """What really happened, oldest first: one dict for each, as docs/practice-app.md lists its keys."""
        return self._truth.entries()

    def snapshot(self) -> dict[str, Any]:
        """The whole world's outline, ready for JSON. `shown` is what the app shows, `comments` is without replies."""
        with self._lock:
            return {
                "accounts": [{"id": account.id, "name": account.name} for account in self.accounts],
                "authors": [
                    {
                        "id": author.id,
                        "name": author.name,
                        "main": author.main,
                        "videos": [self._outline(video) for video in self._catalogue.videos(author.id)],
                    }
                    for author in self.authors
                ],
            }

    def close(self) -> None:
        """Close the truth file."""
        self._truth.close()

    def _dislike(self, actor: Actor, comment: Comment, *, disliked: bool) -> None:
        with self._lock:
            video = self._writable(actor, comment.video_id, comment)
            self._changes.set_dislike(actor.account_id, comment.id, disliked=disliked)
            self._log(actor, "dislike_comment" if disliked else "undislike_comment", video, comment)

    def _outline(self, video: Video) -> dict[str, Any]:
        deleted = sum(1 for comment in self._changes.deleted(video.id) if not self._changes.is_written(comment))
        real = video.comments - deleted + len(self._seen_comments(video.id, ""))
        return {"id": video.id, "title": video.title, "comments": real, "shown": self.shown_count(video.id, "")}

    def _crowd(self, video: Video) -> Iterator[Comment]:
        for index in range(video.comments):
            comment = self._catalogue.comment(video, index)
            if not self._changes.is_deleted(video.id, comment.id):
                yield comment

    def _seen_comments(self, video_id: str, viewer_id: str) -> list[Comment]:
        written = self._changes.comments(video_id)
        return [comment for comment in written if self._rules.sees(viewer_id, comment.account_id)]

    def _seen_replies(self, comment: Comment, viewer_id: str) -> list[Reply]:
        written = self._changes.replies(comment.id)
        return [reply for reply in written if self._rules.sees(viewer_id, reply.account_id)]

    def _writable(self, actor: Actor, video_id: str, comment: Comment | None = None) -> Video:
        video = self._catalogue.video(video_id)
        if not self._rules.may_act(actor.account_id, video.author_id):
            raise MayNotAct(f"{actor.account_id} may not act on {video.author_id}")
        if comment is not None and self._changes.is_deleted(video_id, comment.id):
            raise Gone(f"{comment.id} was deleted")
        return video

    def _next(self) -> int:
        self._written += 1
        return self._written

    def _log(
        self, actor: Actor, kind: str, video: Video, target: Comment | None = None, text: str = "", new_id: str = ""
    ) -> None:
        parts = (target.id, target.commenter, target.text) if target else (new_id, "", "")
        self._truth.write(
            Happening(actor.phone, actor.account_id, kind, video.author_id, video.id, video.title, *parts, text)
        )
