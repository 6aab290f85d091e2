"""Classifies a database's errors: temporary ones concern the server or the connection, final ones the statement.

The error's number decides, because the drivers' classes mix both kinds: MariaDB's "packet too large" (1153) and
"CONSTRAINT failed" (4025) are OperationalErrors, as "server has gone away" (2006) is. A number that is not listed is
final: people can mend a task that fails with a reason, but they do not see one that is retried for ever.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# Of MySQL and MariaDB: lock wait timeout, deadlock, record changed since last read.
TRY_AGAIN = frozenset({1205, 1213, 1020})

# The server's own troubles (https://dev.mysql.com/doc/mysql-errors/en/, https://mariadb.com/kb/en/mariadb-error-codes/).
_SERVER = TRY_AGAIN | frozenset(
    {
        *(1015, 1016, 1017, 1021, 1023, 1024, 1026, 1028, 1030, 1114, 1878, 1194, 1195),  # disk: full, failing
        *(1037, 1038, 1041, 1135, 1197, 1206, 1534),  # memory, threads, lock table, binary log cache
        *(1040, 1203, 1226, 1129, 1130, 1045, 1044, 1142, 1227, 1698, 1820, 1862),  # too many connections, no rights
        *(1036, 1290, 1792, 1836, 1223, 3032),  # read-only, offline, a global lock
        *(1042, 1043, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031, 3168, 3169),  # it ends
        *(1047, 1180, 1181, 1196, 1317, 1969, 3024, 3058, 3100, 3101, 3572),  # a cluster, a commit, a time limit
    }
)
# The client library's errors of the connection; the others from 2000 to 2999 concern the statement.
_CLIENT = frozenset({*range(2000, 2020), 2024, 2025, 2026, 2027, 2048, 2055, 2059, 2060, 2061, 5012, 5014})

# Of SQLite (https://sqlite.org/rescode.html): its primary codes.
_SQLITE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_ABORT,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


SEE = "see whether the database runs and answers: phonefleet doctor"
_DISK = "free space on the disk of the database"
_REMEDIES = {
    (1021, 1114, 1026): _DISK,
    (1040, 1203, 1226, 1135): "raise max_connections of the database, or run fewer processes",
    (1036, 1290, 1792, 1836): "make the database writable again (read_only)",
    (1205, 1206, 1213, 1020): "see what holds locks for so long: SHOW ENGINE INNODB STATUS",
    (1045, 1044, 1142, 1227, 1698, 1820, 1862, 1130): "check user, password and rights in PHONEFLEET_DATABASE_URL",
}
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_READONLY: "let phonefleet write the ledger's file and its folder",
    sqlite3.SQLITE_BUSY: "see which process holds the ledger's file locked",
    sqlite3.SQLITE_CORRUPT: "restore the ledger's file from a backup",
    sqlite3.SQLITE_NOTADB: "restore the ledger's file from a backup",
}


def is_unavailable(error: BaseException) -> bool:
    """Returns whether the error is temporary: the database does not answer, or cannot serve now."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in _SQLITE
    number = number_of(error)
    if number is None or number == 0:  # the driver lost the connection, and the server gave no number
        return isinstance(error, OperationalError | InterfaceError)
    return number in _SERVER or number in _CLIENT


def asks_to_try_again(error: DBAPIError) -> bool:
    """Returns whether the transaction lost a conflict with another one and may be run again at once."""
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return number_of(error) in TRY_AGAIN


def remedy_for(error: BaseException) -> str:
    """Returns the remedy, for people, for a database that is away."""
    cause = getattr(error, "orig", None)
    told = number_of(error) if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        told = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE_REMEDIES.get(told, SEE)
    return next((remedy for numbers, remedy in _REMEDIES.items() if told in numbers), SEE)


def number_of(error: DBAPIError) -> int | None:
    """Returns MySQL's or MariaDB's number of an error, if it has one."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
