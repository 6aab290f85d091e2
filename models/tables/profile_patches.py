"""The table of profile patches: what was proposed after an app update, and the person who accepted it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, Key, LongText, Name, Word


class ProfilePatch(Base):
    """A patch of an app's profile for one version of the app. Reads use the newest one that nobody withdrew.

    Acts use it only once a person accepted it. A row is never changed otherwise: a better patch is another row.
    """

    __tablename__ = "profile_patches"
    __table_args__ = (
        Index("ix_profile_patches_app", "package", "app_version", "id"),
        Index("uq_profile_patches_digest", "digest", unique=True),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    package: Mapped[Name]
    app_version: Mapped[Word]
    digest: Mapped[Key]  # of the package, the version and the patch: two phones that propose the same make one row
    patch: Mapped[Json]
    model: Mapped[Name | None]  # of the phone that it was found on
    proposed_by: Mapped[Name]  # a phone, or who held the profile against one
    proposed_at: Mapped[datetime]
    accepted_by: Mapped[Name | None]
    accepted_at: Mapped[datetime | None]
    accepted_why: Mapped[LongText | None]
    withdrawn_by: Mapped[Name | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_why: Mapped[LongText | None]
    trees: Mapped[Json | None]  # by page the lines before the update and now; None: they were not kept
