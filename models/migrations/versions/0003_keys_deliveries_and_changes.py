"""Keys, deliveries, changes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _long_text() -> sa.Text:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")


def _number() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcTime(), nullable=nullable)


def upgrade() -> None:
    _keys()
    _deliveries()
    _changes()
    _tasks_of_customers()


def _keys() -> None:
    op.create_table(
        "api_keys",
        _text("id", 64),
        _text("name", 191),
        _text("customer", 191),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("allowlist", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rate_per_second", sa.Double(), nullable=False),
        sa.Column("most_waiting", sa.Integer(), nullable=False),
        sa.Column("plain_json_allowed", sa.Boolean(), nullable=False),
        sa.Column("events_url", _long_text(), nullable=True),
        sa.Column("wants_alerts", sa.Boolean(), nullable=False),
        sa.Column("wants_quarantines", sa.Boolean(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        _time("created_at"),
        _text("created_by", 191),
        _time("revoked_at", nullable=True),
        _text("revoked_by", 191, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_api_keys_customer", "api_keys", ["customer"])
    op.create_table(
        "key_secrets",
        _text("id", 64),
        _text("key_id", 64),
        sa.Column("sealed", _long_text(), nullable=False),
        _time("created_at"),
        _time("expires_at", nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"]),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_key_secrets_key", "key_secrets", ["key_id"])
    op.create_table(
        "seen_ids",
        _text("key_id", 64),
        _text("id", 191),
        _time("seen_at"),
        sa.PrimaryKeyConstraint("key_id", "id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_seen_ids_at", "seen_ids", ["seen_at"])


def _deliveries() -> None:
    op.create_table(
        "lanes",
        _text("id", 32),
        _text("key_id", 64),
        sa.Column("origin", _long_text(), nullable=False),
        _time("rung_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "endpoints",
        _text("id", 32),
        _text("key_id", 64),
        _text("lane", 32),
        sa.Column("address", _long_text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _time("paused_until", nullable=True),
        _time("disabled_at", nullable=True),
        _time("last_arrived_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_endpoints_lane", "endpoints", ["lane"])
    op.create_index("ix_endpoints_key", "endpoints", ["key_id"])
    op.create_table(
        "deliveries",
        sa.Column("number", _number(), autoincrement=True, nullable=False),
        _text("id", 36),
        _text("key_id", 64),
        _text("lane", 32),
        _text("endpoint_id", 32),
        sa.Column("url", _long_text(), nullable=False),
        _text("event_type", 64),
        _text("subject", 191),
        _text("task_id", 36, nullable=True),
        _text("campaign_id", 36, nullable=True),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        _time("created_at"),
        _text("state", 64),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("next_at"),
        _text("claimed_by", 36, nullable=True),
        _time("give_up_at"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _text("last_error", 64, nullable=True),
        _time("delivered_at", nullable=True),
        sa.PrimaryKeyConstraint("number"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("uq_deliveries_id", "deliveries", ["id"], unique=True)
    op.create_index("ix_deliveries_lane", "deliveries", ["lane", "state", "next_at"])
    op.create_index("ix_deliveries_hands", "deliveries", ["lane", "claimed_by"])
    op.create_index("ix_deliveries_endpoint", "deliveries", ["endpoint_id", "state", "next_at"])
    op.create_index("ix_deliveries_subject", "deliveries", ["subject", "state", "number"])
    op.create_index("ix_deliveries_key", "deliveries", ["key_id", "number"])
    op.create_index("ix_deliveries_state", "deliveries", ["state", "next_at"])
    op.create_index("ix_deliveries_task", "deliveries", ["task_id"])
    op.create_index("ix_deliveries_campaign", "deliveries", ["campaign_id"])
    op.create_table(
        "delivery_attempts",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        sa.Column("delivery", _number(), nullable=False),
        _time("started_at"),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        _text("error", 64, nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.number"]),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("ix_delivery_attempts_delivery", "delivery_attempts", ["delivery"])


def _changes() -> None:
    op.create_table(
        "state_changes",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        _text("key_id", 64),
        sa.Column("position", sa.BigInteger(), nullable=True),
        _text("kind", 64),
        _text("subject_id", 36),
        _text("campaign_id", 36),
        _text("reference", 191, nullable=True),
        _text("state", 64),
        _text("failure_code", 64, nullable=True),
        _time("at"),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_index("uq_state_changes_position", "state_changes", ["key_id", "position"], unique=True)
    op.create_index("ix_state_changes_unnumbered", "state_changes", ["position", "id"])
    op.create_index("ix_state_changes_at", "state_changes", ["at"])


def _tasks_of_customers() -> None:
    for table in ("tasks", "campaigns"):
        op.add_column(table, _text("key_id", 64, nullable=True))
        op.add_column(table, _text("reference", 191, nullable=True))
        op.add_column(table, sa.Column("callback_url", _long_text(), nullable=True))
        op.add_column(table, _flag("sandbox"))
    op.add_column("campaigns", _text("request_digest", 64, nullable=True))
    op.create_index("ix_tasks_key", "tasks", ["key_id", "created_at"])
    op.create_index("ix_tasks_key_state", "tasks", ["key_id", "state"])
    op.create_index("ix_tasks_key_reference", "tasks", ["key_id", "reference"])
    op.create_index("ix_campaigns_key", "campaigns", ["key_id", "created_at"])
    op.create_index("uq_campaigns_key_reference", "campaigns", ["key_id", "reference"], unique=True)
    op.add_column("phones", _flag("sandbox"))
