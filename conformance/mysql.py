"""A throwaway MySQL of Debian's newest suite, in the place of the tests' MariaDB."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import ClassVar

from conformance.debian import debian, program
from tests.support.servers import MariaDB

INSTALL_SECONDS = 120
# MySQL 9 has a redo log of another kind and no .frm files, and takes no partitioned table into a shared file.
MARIADB_ONLY = ("--innodb-log-file-size", "--sync-frm", "--innodb-file-per-table")


class MySQL(MariaDB):
    """As MariaDB: root on loopback, no password, ends with the process that started it."""

    small: ClassVar[Sequence[str]] = (
        "--innodb-redo-log-capacity=24M",
        "--innodb-buffer-pool-size=64M",
        "--innodb-use-native-aio=0",
        "--mysqlx=OFF",
    )
    haste: ClassVar[Sequence[str]] = (
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
        "--skip-log-bin",
    )

    def __init__(self, *options: str, durable: bool = False) -> None:
        super().__init__(*(one for one in options if not one.startswith(MARIADB_ONLY)), durable=durable)

    def version(self) -> str:
        """As the server tells it, e.g. 9.7.4-2."""
        return str(self.execute("SELECT VERSION()")[0][0])

    def _find(self) -> list[str]:
        return program("usr/sbin/mysqld")

    def _common(self) -> list[str]:
        root = debian()
        return [
            *super()._common(),
            f"--basedir={root / 'usr'}",
            f"--lc-messages-dir={root / 'usr' / 'share' / 'mysql'}",
            f"--plugin-dir={root / 'usr' / 'lib' / 'mysql' / 'plugin'}",
            "--secure-file-priv=NULL",  # Debian's default is a folder of the system's own server
        ]

    def _install(self) -> None:
        # without names to look up, root@localhost may not come by TCP
        init = self._directory / "init.sql"
        init.write_text("CREATE USER root@'127.0.0.1'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n")
        command = [*self._program, *self._common(), "--initialize-insecure", f"--init-file={init}", *self.small]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f"mysqld --initialize failed:\n{done.stdout}\n{done.stderr}")
