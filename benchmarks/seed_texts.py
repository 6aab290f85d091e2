"""Fills a ledger with collected comments and their grams, made by the server itself: a comment for ten records.

A comment is three phrases in a row. The phrases that come first are drawn far oftener than the others, so that the
commonest pair of characters is in most comments and many are rare. What grams a phrase brings is computed by the
product's own function; which phrases a comment has, by the server (`phrase_of`).

So a rare phrase is in as large a share of all comments, whatever their number. In addition, every ledger has the same
number of comments of a few popular authors, each of one week; a phrase that is nowhere else is in one of twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from models.tables import CollectedTitle
from models.tasks.collected import title_key
from models.tasks.texts.fold import fold, grams_of
from models.tasks.texts.text_id import gram_key
from models.transactions.read_write import write

AT_ONCE = 100_000
AUTHORS = 50
IN_A_VIDEO = 500  # comments
COMMA = "，"
DRAWS = 1_000_000
BEGINNINGS = (
    "这个", "真的", "我觉得", "主播", "画面", "音乐", "剧情", "新车", "外观", "内饰",
    "续航", "价格", "演技", "讲解", "细节", "服务", "包装", "质量", "氛围", "镜头",
)  # fmt: skip
ENDINGS = (
    "太好看了", "很不错", "我看好你", "值得买", "有点贵", "没想到", "学到了", "支持一下",
    "期待下一集", "讲得清楚", "不太明白", "谢谢分享", "哈哈哈哈", "再看一遍", "翻车现场",
)  # fmt: skip
PHRASES = tuple(beginning + ending for ending in ENDINGS for beginning in BEGINNINGS)
PLACES = 3  # of a comment's phrases
POPULAR, OF_A_POPULAR, WEEKS_BETWEEN = 4, 2500, 10  # authors, comments of each, weeks between theirs
PLANTED, PLANTED_IN = "限量签名海报", 20  # a phrase of the popular authors' comments, one in so many
WORDS = (*PHRASES, PLANTED)
COMMON, RARE, NEVER = (
    "好看",
    "翻车现场",
    "好看好",
)  # each pair of the last one is common; together they are in no comment


def seed_texts(engine: Engine, rows: int, start: datetime, year: timedelta) -> None:
    """Writes so many comments, first seen evenly over a year, with their titles and grams."""
    titles = max(AUTHORS, rows // IN_A_VIDEO)
    write(engine, partial(_titles, authors=[f"author{one % AUTHORS:03}" for one in range(titles)], start=start))
    step = int(year.total_seconds() * 1e6) // rows
    for first in range(0, rows, AT_ONCE):
        author = f"CONCAT('author', LPAD(seq % {titles} % {AUTHORS}, 3, '0'))"
        last = min(rows, first + AT_ONCE) - 1
        lot = Lot(first, last, 0, start, step, f"1 + seq % {titles}", author, phrase_of(PLACES - 1))
        write(engine, partial(_some, lot=lot))
    _analyze(engine)


def popular(one: int, start: datetime) -> tuple[str, datetime]:
    """Returns the name of a popular author, and when the week of its comments begins."""
    return f"popular{one}", start + (1 + one) * timedelta(weeks=WEEKS_BETWEEN)


def seed_popular(engine: Engine, rows: int, start: datetime, of_each: int = OF_A_POPULAR) -> None:
    """Writes the popular authors' comments, beside so many others."""
    titles = max(AUTHORS, rows // IN_A_VIDEO)
    names = [popular(one, start)[0] for one in range(POPULAR)]
    write(engine, partial(_titles, authors=names, start=start, behind=titles))
    step = int(timedelta(weeks=1).total_seconds() * 1e6) // of_each
    for one in range(POPULAR):
        author, week = popular(one, start)
        first = rows + one * of_each
        phrase = f"IF(seq % {PLANTED_IN} = 0, {len(PHRASES)}, {phrase_of(PLACES - 1)})"
        lot = Lot(first, first + of_each - 1, first, week, step, str(titles + one + 1), f"'{author}'", phrase)
        write(engine, partial(_some, lot=lot))
    _analyze(engine)


def _analyze(engine: Engine) -> None:
    write(engine, lambda session: session.execute(text("ANALYZE TABLE comments, texts, text_grams")).all())


def _titles(session: Session, authors: Sequence[str], start: datetime, behind: int = 0) -> None:
    values = []
    for one, author in enumerate(authors, behind):
        title = f"新款发布会全程回顾 第{one}集"
        known = {"author_id": author, "author": author, "title": title, "title_key": title_key(title, sandbox=False)}
        values.append({**known, "id": one + 1, "first_task_id": "t", "first_seen_at": start, "searchable": True})
    session.execute(insert(CollectedTitle), values)


def phrase_of(place: int) -> str:
    """Returns the expression of the number of the phrase that a comment has at a place."""
    return f"FLOOR({len(PHRASES)} * POW((CRC32(CONCAT('phrase{place}', seq)) % {DRAWS}) / {DRAWS}, 3))"


def _grams() -> Iterator[str]:
    """Yields (place, phrase, gram) for each gram that a phrase brings at its place, with the commas beside it."""
    for place in range(PLACES):
        for number, phrase in enumerate(WORDS):
            beside = (COMMA if place > 0 else "") + phrase + (COMMA if place < PLACES - 1 else "")
            for gram in grams_of(fold(beside)):
                yield f"({place}, {number}, {gram_key(gram, 'comment', sandbox=False)})"


@dataclass(frozen=True, slots=True)
class Lot:
    """Comments that are written together: the numbers of the first and last; the expressions of their title, author
    and last phrase; the first moment, that of the number `origin`; and the microseconds between two.
    """

    first: int
    last: int
    origin: int
    start: datetime
    step: int
    title: str
    author: str
    last_phrase: str


def _some(session: Session, lot: Lot) -> None:
    words = ", ".join(map(repr, WORDS))
    phrases = [*(phrase_of(place) for place in range(PLACES - 1)), lot.last_phrase]
    said = ", ".join(f"ELT(1 + {phrase}, {words})" for phrase in phrases)
    since = f"(seq - {lot.origin}) * {lot.step}"
    moment = f"TIMESTAMPADD(MICROSECOND, {since}, '{lot.start:%Y-%m-%d}')"
    began = int((lot.start - datetime(2020, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)
    number = f"((({began} + {since}) DIV 1000) << 21) + (seq + 1) % {1 << 20}"  # as text_id() has it
    among = f"FROM seq_{lot.first}_to_{lot.last}"
    session.execute(
        text(
            "INSERT INTO comments (id, title_id, comment_key, commenter, text, place, time, likes, replies, "
            "first_task_id, first_seen_at, last_seen_at, searchable) "
            f"SELECT seq + 1, {lot.title}, MD5(seq), CONCAT('user', seq % 1000), "
            f"CONCAT_WS('{COMMA}', {said}), '广东', '昨天', 3, 1, 't', {moment}, {moment}, 1 {among}"
        )
    )
    session.execute(
        text(
            "INSERT INTO texts (id, kind, subject, title_id, author_id, sandbox) "
            f"SELECT {number}, 'comment', seq + 1, {lot.title}, {lot.author}, 0 {among}"
        )
    )
    session.execute(text("CREATE TEMPORARY TABLE brought (place INT, phrase INT, gram BIGINT, "
                         "PRIMARY KEY (place, phrase, gram))"))  # fmt: skip
    session.execute(text(f"INSERT INTO brought VALUES {', '.join(_grams())}"))  # noqa: S608
    has = " UNION ALL ".join(
        f"SELECT {number} AS id, {place} AS place, {phrase} AS phrase {among}" for place, phrase in enumerate(phrases)
    )
    session.execute(
        text(
            f"INSERT IGNORE INTO text_grams (gram, text_id) SELECT gram, id FROM ({has}) AS has "  # noqa: S608
            "JOIN brought USING (place, phrase) ORDER BY gram, id"
        )
    )
    session.execute(text("DROP TEMPORARY TABLE brought"))
