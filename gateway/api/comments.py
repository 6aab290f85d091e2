"""Comments: lists and searches those that the caller's tasks collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.cursors import from_numbers, to_numbers
from gateway.api.dependencies import CallerDep, GatewayDep
from gateway.api.filters import Filter
from gateway.api.pages import MOST_IN_A_PAGE
from gateway.problem import answers
from gateway.submissions.requests import Moment, Until
from models.tables import CommentSighting, Task
from models.tasks.texts.filters import MOST_QUERY, TextFilter
from models.tasks.texts.read import CollectedText, texts_page

router = APIRouter(prefix="/v1/comments", tags=["comments"], route_class=ParsedRoute)


class CommentsAsked(BaseModel):
    """Selects the comments that match every given parameter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = Field(
        default=None,
        max_length=MOST_QUERY,
        description="The comment contains it; case, width and characters that nobody sees make no difference.",
    )
    author: Filter = Field(default=None, description="The author of the video.")
    title: str | None = Field(
        default=None, max_length=10_000, description="The exact title of the video; name its author as well."
    )
    since: Moment | None = Field(default=None, description="First collected at this time or later.")
    until: Until | None = Field(default=None, description="First collected before this time.")
    cursor: str | None = Field(default=None, max_length=400, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=MOST_IN_A_PAGE, description="The most items to return.")
    seal: Literal["none"] | None = Field(default=None, description="`none`: plain JSON, if the operator allows it.")

    def filter(self, who: Caller) -> TextFilter:
        """Returns the filter for the ledger's query: only what tasks of the caller's customer saw."""
        given = self.model_dump(exclude={"cursor", "limit", "seal"})
        return TextFilter(keys=who.sees, sandbox=who.key.sandbox, **given)


@router.get("", responses=answers())
def list_comments(
    asked: Annotated[CommentsAsked, Query()], who: CallerDep, on: GatewayDep
) -> responses.Page[responses.Comment]:
    """Lists comments that your tasks collected, those collected last first. A page may be short although `next` is
    there.
    """
    place = None if asked.cursor is None else from_numbers("comments", asked.cursor)[0]

    def work(session: Session) -> responses.Page[responses.Comment]:
        found, following = texts_page(session, asked.filter(who), place, asked.limit)
        mine = _sightings(session, found, who.sees)
        items = [_line(one, mine[one.comment.id]) for one in found if one.comment is not None]
        return responses.Page(items=items, next=None if following is None else to_numbers("comments", following))

    return on.look(who, work)


def _sightings(session: Session, found: Sequence[CollectedText], keys: Sequence[str]) -> dict[int, CommentSighting]:
    """Returns what the customer's own tasks saw last of each comment: what others saw of it is theirs."""
    ids = [one.comment.id for one in found if one.comment is not None]
    seen = select(CommentSighting).join(Task, Task.id == CommentSighting.task_id)
    mine = seen.where(CommentSighting.comment_id.in_(ids), Task.key_id.in_(keys))
    rows = session.scalars(mine.order_by(CommentSighting.seen_at, CommentSighting.id)) if ids else ()
    return {row.comment_id: row for row in rows}


def _line(one: CollectedText, seen: CommentSighting) -> responses.Comment:
    assert one.comment is not None
    comment, title = one.comment, one.title
    return responses.Comment(
        author_id=title.author_id, author=title.author, title=title.title, commenter=comment.commenter,
        text=comment.text, likes=seen.likes, replies=seen.replies, place=comment.place, time=seen.time,
        at=comment.posted_at, precision=comment.posted_precision, task_id=seen.task_id, seen_at=seen.seen_at,
    )  # fmt: skip
