"""The first ledger"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from models.database.base import MYSQL_BINARY_TEXT, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=191), nullable=False),
        sa.Column("name", sa.String(length=191), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("resting_since", UtcTime(), nullable=True),
        sa.Column(
            "resting_why",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "authors",
        sa.Column("id", sa.String(length=191), nullable=False),
        sa.Column("name", sa.String(length=191), nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column(
            "basis_note",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("basis_expires", sa.Date(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=191), nullable=False),
        sa.Column("asked_by", sa.String(length=191), nullable=False),
        sa.Column("asked_for", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("root", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("join", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index("ix_campaigns_created", ["created_at"], unique=False)
        batch_op.create_index("ix_campaigns_outcome", ["outcome"], unique=False)

    op.create_table(
        "caps",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(length=191), nullable=False),
        sa.Column("subject", sa.String(length=191), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index("ix_changes_subject", ["subject", "at"], unique=False)

    op.create_table(
        "leaders",
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("role"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "phones",
        sa.Column("serial", sa.String(length=191), nullable=False),
        sa.Column("address", sa.String(length=191), nullable=False),
        sa.Column("host", sa.String(length=191), nullable=False),
        sa.Column("model", sa.String(length=191), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column(
            "why",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("incarnation", sa.String(length=36), nullable=True),
        sa.Column("account_id", sa.String(length=191), nullable=True),
        sa.Column("app_version", sa.String(length=64), nullable=True),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("phones", schema=None) as batch_op:
        batch_op.create_index("ix_phones_state", ["state"], unique=False)

    op.create_table(
        "refused_writes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "titles",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("author_id", sa.String(length=191), nullable=False),
        sa.Column("author", sa.String(length=191), nullable=False),
        sa.Column(
            "title",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("title_key", sa.String(length=32), nullable=False),
        sa.Column("shown_count", sa.BigInteger(), nullable=True),
        sa.Column("real_count", sa.BigInteger(), nullable=True),
        sa.Column("first_task_id", sa.String(length=36), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("comments_task_id", sa.String(length=36), nullable=True),
        sa.Column("comments_collected_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("author_id", "title_key", name="uq_titles_author_title"),
        **MYSQL_BINARY_TEXT,
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "commenter",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "text",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("likes", sa.BigInteger(), nullable=False),
        sa.Column("replies", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.String(length=64), nullable=False),
        sa.Column("collected_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["title_id"],
            ["titles.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_id", "position", name="uq_comments_task_position"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comments_commenter", ["commenter"], unique=False, mysql_length=191, mariadb_length=191
        )
        batch_op.create_index("ix_comments_title", ["title_id"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("flow", sa.String(length=191), nullable=False),
        sa.Column("flow_version", sa.String(length=64), nullable=False),
        sa.Column("args", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kwargs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("held_from", sa.String(length=64), nullable=True),
        sa.Column(
            "waits_for",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("join", sa.String(length=64), nullable=False),
        sa.Column("is_errback", sa.Boolean(), nullable=False),
        sa.Column("prerequisite_failed", sa.String(length=36), nullable=True),
        sa.Column("in_place_of", sa.String(length=36), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("root", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("runs_on", sa.String(length=64), nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.Column("pinned_account", sa.String(length=191), nullable=True),
        sa.Column("pinned_phone", sa.String(length=191), nullable=True),
        sa.Column("verifying", sa.Boolean(), nullable=False),
        sa.Column("own_pins", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("meant_for", sa.String(length=191), nullable=True),
        sa.Column("video_key", sa.String(length=32), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcTime(), nullable=False),
        sa.Column("countdown", sa.Double(), nullable=False),
        sa.Column("latest_end", UtcTime(), nullable=False),
        sa.Column("soft_limit", sa.Integer(), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(length=191), nullable=True),
        sa.Column("phone_serial", sa.String(length=191), nullable=True),
        sa.Column("step", sa.String(length=64), nullable=True),
        sa.Column("rung_at", UtcTime(), nullable=True),
        sa.Column("rung_queue", sa.String(length=191), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("failure_kind", sa.String(length=64), nullable=True),
        sa.Column("culprit", sa.String(length=64), nullable=True),
        sa.Column(
            "reason",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_account", ["account_id", "created_at"], unique=False)
        batch_op.create_index("ix_tasks_campaign", ["campaign_id", "flow", "state"], unique=False)
        batch_op.create_index("ix_tasks_campaign_state", ["campaign_id", "state"], unique=False)
        batch_op.create_index("ix_tasks_flow_created", ["flow", "created_at"], unique=False)
        batch_op.create_index("ix_tasks_in_place_of", ["in_place_of"], unique=False)
        batch_op.create_index("ix_tasks_incarnation", ["incarnation", "state"], unique=False)
        batch_op.create_index("ix_tasks_latest_end", ["state", "latest_end"], unique=False)
        batch_op.create_index("ix_tasks_state_due", ["state", "not_before"], unique=False)
        batch_op.create_index("ix_tasks_state_queue", ["state", "rung_queue"], unique=False)
        batch_op.create_index("ix_tasks_stop", ["stop_requested", "state"], unique=False)
        batch_op.create_index("ix_tasks_video", ["campaign_id", "video_key", "state"], unique=False)

    op.create_table(
        "actions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("phone_serial", sa.String(length=191), nullable=False),
        sa.Column("account_id", sa.String(length=191), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("author_id", sa.String(length=191), nullable=False),
        sa.Column(
            "title",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "target_commenter",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "target_comment",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "text",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("video_key", sa.String(length=32), nullable=False),
        sa.Column("comment_key", sa.String(length=32), nullable=True),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=191), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("declared_at", UtcTime(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column(
            "reason",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index("ix_actions_account_day", ["account_id", "day"], unique=False)
        batch_op.create_index("ix_actions_comment", ["comment_key"], unique=False)
        batch_op.create_index("ix_actions_day_account", ["day", "account_id"], unique=False)
        batch_op.create_index("ix_actions_declared", ["declared_at"], unique=False)
        batch_op.create_index("ix_actions_task", ["task_id"], unique=False)
        batch_op.create_index("ix_actions_video", ["author_id", "video_key"], unique=False)

    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("phone_serial", sa.String(length=191), nullable=True),
        sa.Column("account_id", sa.String(length=191), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("failure_kind", sa.String(length=64), nullable=True),
        sa.Column("culprit", sa.String(length=64), nullable=True),
        sa.Column("step", sa.String(length=64), nullable=True),
        sa.Column(
            "reason",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_id", "number", name="uq_attempts_task_number"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_account", ["account_id", "started_at"], unique=False)
        batch_op.create_index("ix_attempts_phone", ["phone_serial", "started_at"], unique=False)

    op.create_table(
        "edges",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("after_id", sa.String(length=36), nullable=False),
        sa.Column("on_failure", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["after_id"],
            ["tasks.id"],
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
        ),
        sa.PrimaryKeyConstraint("task_id", "after_id", "on_failure"),
        **MYSQL_BINARY_TEXT,
    )
    with op.batch_alter_table("edges", schema=None) as batch_op:
        batch_op.create_index("ix_edges_after", ["after_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("edges", schema=None) as batch_op:
        batch_op.drop_index("ix_edges_after")

    op.drop_table("edges")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_attempts_phone")
        batch_op.drop_index("ix_attempts_account")

    op.drop_table("attempts")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_index("ix_actions_video")
        batch_op.drop_index("ix_actions_task")
        batch_op.drop_index("ix_actions_declared")
        batch_op.drop_index("ix_actions_day_account")
        batch_op.drop_index("ix_actions_comment")
        batch_op.drop_index("ix_actions_account_day")

    op.drop_table("actions")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_video")
        batch_op.drop_index("ix_tasks_stop")
        batch_op.drop_index("ix_tasks_state_queue")
        batch_op.drop_index("ix_tasks_state_due")
        batch_op.drop_index("ix_tasks_latest_end")
        batch_op.drop_index("ix_tasks_incarnation")
        batch_op.drop_index("ix_tasks_in_place_of")
        batch_op.drop_index("ix_tasks_flow_created")
        batch_op.drop_index("ix_tasks_campaign_state")
        batch_op.drop_index("ix_tasks_campaign")
        batch_op.drop_index("ix_tasks_account")

    op.drop_table("tasks")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index("ix_comments_title")
        batch_op.drop_index("ix_comments_commenter", mysql_length=191, mariadb_length=191)

    op.drop_table("comments")
    op.drop_table("titles")
    op.drop_table("refused_writes")
    with op.batch_alter_table("phones", schema=None) as batch_op:
        batch_op.drop_index("ix_phones_state")

    op.drop_table("phones")
    op.drop_table("leaders")
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.drop_index("ix_changes_subject")

    op.drop_table("changes")
    op.drop_table("caps")
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index("ix_campaigns_outcome")
        batch_op.drop_index("ix_campaigns_created")

    op.drop_table("campaigns")
    op.drop_table("authors")
    op.drop_table("accounts")
