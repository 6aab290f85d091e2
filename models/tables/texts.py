"""The tables of the search in collected titles and comments (models/tasks/texts/)."""

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Name, Word


class SearchedText(Base):
    """A collected title or comment that can be searched, without its text.

    Its id grows with the moment at which it was collected, so ids are the order of the lists, and times are ranges of
    ids (models/tasks/texts/text_id.py). Rows refer to no other table: a search leaves out what is no longer there.
    """

    __tablename__ = "texts"
    __table_args__ = (
        Index("ix_texts_kind", "sandbox", "kind", "id"),
        Index("ix_texts_author", "sandbox", "kind", "author_id", "id"),
        Index("ix_texts_title", "kind", "title_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    kind: Mapped[Word]  # comment or title
    subject: Mapped[int]  # the comment's or title's id
    title_id: Mapped[int]
    author_id: Mapped[Name]
    sandbox: Mapped[bool]


class TextGram(Base):
    """A text that has a gram. The key alone is the table, so the texts of a gram stand together in order."""

    __tablename__ = "text_grams"
    __table_args__ = {"info": {"sqlite_with_rowid": False}}  # noqa: RUF012 - SQLAlchemy's own attribute

    # two code points, under the kind and the sandbox of the text: models/tasks/texts/text_id.py
    gram: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    text_id: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
