"""The base of all tables and their column types: binary text, UTC times, JSON without escapes; and new ids."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Connection, DateTime, Dialect, Index, String, Table, Text, event
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond: stored as naive UTC, read as aware UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            from sqlalchemy.dialects.mysql import DATETIME  # noqa: PLC0415 - SQLite needs none of the dialect

            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the time has no zone: pass an aware datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# utf8mb4_general_ci compares 😀 and 😂, and 'abc ' and 'ABC', as equal; titles and comments must stay distinct.
MYSQL_BINARY_TEXT: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}


class JsonText(TypeDecorator[Any]):
    """JSON, stored as text. None is NULL.

    The JSON types of MariaDB and MySQL refuse values nested deeper than 32 and 100 levels, and MySQL's returns a
    value in another form than it was written (docs/decisions/values.md). SQLite's type is text.
    """

    impl = Text
    cache_ok = True
    hashable = False

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return _longtext(dialect)
        return dialect.type_descriptor(JSON(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return to_json(value) if value is not None and dialect.name in ("mysql", "mariadb") else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if value is not None and dialect.name in ("mysql", "mariadb") else value


def to_json(value: Any) -> str:
    """Returns the JSON text that the ledger stores: compact, without escaped characters."""
    return _ENCODER.encode(value)


class LongTextType(TypeDecorator[str]):
    """Text of any length."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return _longtext(dialect) if dialect.name in ("mysql", "mariadb") else dialect.type_descriptor(Text())


def _longtext(dialect: Dialect) -> TypeEngine[Any]:
    from sqlalchemy.dialects.mysql import LONGTEXT  # noqa: PLC0415 - SQLite needs none of the dialect

    return dialect.type_descriptor(LONGTEXT())


class Base(DeclarativeBase):
    """The ledger's tables."""

    type_annotation_map = {datetime: UtcTime()}  # noqa: RUF012 - SQLAlchemy's own class attribute


@event.listens_for(Table, "before_create")
def _take_options(table: Table, connection: Connection, **_: Any) -> None:
    """Gives a table of the ledger, before it is made, the options of this database: MYSQL_BINARY_TEXT and its `info`.

    As arguments of its class they would load the dialects of all databases when the class is mapped: 15 ms of CPU for
    every command.
    """
    if table.metadata is not Base.metadata:
        return
    targets: list[tuple[Table | Index, dict[Any, Any]]] = [(table, MYSQL_BINARY_TEXT | table.info)]
    targets += [(index, index.info) for index in table.indexes]
    for target, options in targets:
        here = {name: value for name, value in options.items() if name.startswith(f"{connection.dialect.name}_")}
        target.dialect_kwargs.update(here)


Id = Annotated[str, mapped_column(String(36))]
Word = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(191))]
LongText = Annotated[str, mapped_column(LongTextType())]
# Counts as the app shows them: 99999亿 does not fit into 32 bits.
Count = Annotated[int, mapped_column(BigInteger())]
Key = Annotated[str, mapped_column(String(32))]  # of models.database.content_key: long texts make poor index keys
Json = Annotated[Any, mapped_column(JsonText())]


_SPAN = 3600  # seconds
_SPANS = 256  # as many as the first two digits tell apart; then they begin again


def new_id() -> str:
    """Returns an id for a task, campaign or callback, in Celery's own form.

    It is drawn, but those of one hour begin alike, so that new rows lie together (docs/decisions/ids.md).
    """
    return begun_with(str(uuid4()), time.time())


def begun_with(drawn: str, seconds: float) -> str:
    """Returns a drawn id with the two first digits of the moment's hour."""
    return f"{int(seconds) // _SPAN % _SPANS:02x}{drawn[2:]}"
