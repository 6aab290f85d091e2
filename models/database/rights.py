"""The rights of the two users that MySQL or MariaDB has for the ledger, and a trial of the second one's."""

from __future__ import annotations

from sqlalchemy import Engine, text

# Every command and every process but `migrate` needs these and no others.
WORKING = ("SELECT", "INSERT", "UPDATE", "DELETE")
# `migrate` changes tables, and moves their rows.
CHANGING = (*WORKING, "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES")

_TRIAL = (
    "DROP TABLE IF EXISTS phonefleet_trial_of_rights",
    "CREATE TABLE phonefleet_trial_of_rights (id INT PRIMARY KEY, other INT)",
    "ALTER TABLE phonefleet_trial_of_rights ADD FOREIGN KEY (other) REFERENCES phonefleet_trial_of_rights (id)",
    "CREATE INDEX phonefleet_trial_index ON phonefleet_trial_of_rights (other, id)",
    "ALTER TABLE phonefleet_trial_of_rights ADD COLUMN more INT",
    "DROP TABLE phonefleet_trial_of_rights",
)


def try_to_change_tables(engine: Engine) -> None:
    """Makes, changes and drops a table. Raises OperationalError or ProgrammingError when the user may not.

    MySQL commits each change of a table at once, so a migration that lacks a right half-way would leave half of it.
    """
    with engine.connect() as connection:
        for statement in _TRIAL:
            connection.execute(text(statement))
