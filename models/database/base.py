"""The base of all tables and their column types: binary text, UTC times, JSON without escapes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, String, Text
from sqlalchemy.dialects.mysql import DATETIME as MYSQL_DATETIME
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond: stored as naive UTC, read as aware UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(MYSQL_DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the time has no zone: pass an aware datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


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
            return dialect.type_descriptor(LONGTEXT())
        return dialect.type_descriptor(JSON(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return to_json(value) if value is not None and dialect.name in ("mysql", "mariadb") else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if value is not None and dialect.name in ("mysql", "mariadb") else value


def to_json(value: Any) -> str:
    """Returns the JSON text that the ledger stores: compact, without escaped characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Base(DeclarativeBase):
    """The ledger's tables."""

    __table_args__: Any = MYSQL_BINARY_TEXT
    type_annotation_map = {datetime: UtcTime()}  # noqa: RUF012 - SQLAlchemy's own class attribute


Id = Annotated[str, mapped_column(String(36))]
Word = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(191))]
LongText = Annotated[str, mapped_column(Text().with_variant(LONGTEXT(), "mysql", "mariadb"))]
# Counts as the app shows them: 99999亿 does not fit into 32 bits.
Count = Annotated[int, mapped_column(BigInteger())]
Key = Annotated[str, mapped_column(String(32))]  # of models.database.content_key: long texts make poor index keys
Json = Annotated[Any, mapped_column(JsonText())]
