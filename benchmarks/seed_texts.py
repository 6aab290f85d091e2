"""Fills a ledger with collected comments and their grams, made by the server itself: a comment for ten records.

A comment is three phrases in a row. The phrases that come first are drawn far oftener than the others, so that the
commonest pair of characters is in most comments and many are rare. What grams a phrase brings is computed by the
product's own function; which phrases a comment has, by the server (`phrase_of`).
"""

from __future__ import annotations

from collections.abc import Iterator
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
COMMON, RARE, NEVER = (
    "好看",
    "翻车现场",
    "好看好",
)  # each pair of the last one is common; together they are in no comment


def seed_texts(engine: Engine, rows: int, start: datetime, year: timedelta) -> None:
    """Writes so many comments, first seen evenly over a year, with their titles and grams."""
    titles = max(AUTHORS, rows // IN_A_VIDEO)
    write(engine, partial(_titles, number=titles, start=start))
    step = int(year.total_seconds() * 1e6) // rows
    for first in range(0, rows, AT_ONCE):
        write(engine, partial(_some, first=first, last=min(rows, first + AT_ONCE) - 1, titles=titles, step=step,
                              start=start))  # fmt: skip
    write(engine, lambda session: session.execute(text("ANALYZE TABLE comments, texts, text_grams")).all())


def _titles(session: Session, number: int, start: datetime) -> None:
    values = []
    for one in range(number):
        author, title = f"author{one % AUTHORS:03}", f"新款发布会全程回顾 第{one}集"
        known = {"author_id": author, "author": author, "title": title, "title_key": title_key(title, sandbox=False)}
        values.append({**known, "id": one + 1, "first_task_id": "t", "first_seen_at": start, "searchable": True})
    session.execute(insert(CollectedTitle), values)


def phrase_of(place: int) -> str:
    """Returns the expression of the number of the phrase that a comment has at a place."""
    return f"FLOOR({len(PHRASES)} * POW((CRC32(CONCAT('phrase{place}', seq)) % {DRAWS}) / {DRAWS}, 3))"


def _grams() -> Iterator[str]:
    """Yields (place, phrase, gram) for each gram that a phrase brings at its place, with the commas beside it."""
    for place in range(PLACES):
        for number, phrase in enumerate(PHRASES):
            beside = (COMMA if place > 0 else "") + phrase + (COMMA if place < PLACES - 1 else "")
            for gram in grams_of(fold(beside)):
                yield f"({place}, {number}, {gram_key(gram, 'comment', sandbox=False)})"


def _some(session: Session, first: int, last: int, titles: int, step: int, start: datetime) -> None:
    words = ", ".join(map(repr, PHRASES))
    said = ", ".join(f"ELT(1 + {phrase_of(place)}, {words})" for place in range(PLACES))
    moment = f"TIMESTAMPADD(MICROSECOND, seq * {step}, '{start:%Y-%m-%d}')"
    began = int((start - datetime(2020, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)
    number = f"((({began} + seq * {step}) DIV 1000) << 21) + (seq + 1) % {1 << 20}"  # as text_id() has it
    among = f"FROM seq_{first}_to_{last}"
    session.execute(
        text(
            "INSERT INTO comments (id, title_id, comment_key, commenter, text, place, time, likes, replies, "
            "first_task_id, first_seen_at, last_seen_at, searchable) "
            f"SELECT seq + 1, 1 + seq % {titles}, MD5(seq), CONCAT('user', seq % 1000), "
            f"CONCAT_WS('{COMMA}', {said}), '广东', '昨天', 3, 1, 't', {moment}, {moment}, 1 {among}"
        )
    )
    author = f"CONCAT('author', LPAD(seq % {titles} % {AUTHORS}, 3, '0'))"
    session.execute(
        text(
            "INSERT INTO texts (id, kind, subject, title_id, author_id, sandbox) "
            f"SELECT {number}, 'comment', seq + 1, 1 + seq % {titles}, {author}, 0 {among}"
        )
    )
    session.execute(text("CREATE TEMPORARY TABLE brought (place INT, phrase INT, gram BIGINT, "
                         "PRIMARY KEY (place, phrase, gram))"))  # fmt: skip
    session.execute(text(f"INSERT INTO brought VALUES {', '.join(_grams())}"))  # noqa: S608
    has = " UNION ALL ".join(
        f"SELECT {number} AS id, {place} AS place, {phrase_of(place)} AS phrase {among}" for place in range(PLACES)
    )
    session.execute(
        text(
            f"INSERT IGNORE INTO text_grams (gram, text_id) SELECT gram, id FROM ({has}) AS has "  # noqa: S608
            "JOIN brought USING (place, phrase) ORDER BY gram, id"
        )
    )
    session.execute(text("DROP TEMPORARY TABLE brought"))
