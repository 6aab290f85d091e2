"""The table of the fleet's values. Apart from the phones, since every command looks at the time zone."""

from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Name, Word


class FleetValue(Base):
    """One value that all processes of the fleet share: timezone."""

    __tablename__ = "fleet_values"

    name: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[Name]
