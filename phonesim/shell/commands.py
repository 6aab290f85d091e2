"""All commands of the shell, by name."""

from __future__ import annotations

from collections.abc import Mapping

from phonesim.shell.android import ANDROID_COMMANDS
from phonesim.shell.command import Command
from phonesim.shell.dumpsys import dumpsys
from phonesim.shell.packages import PACKAGE_COMMANDS
from phonesim.shell.processes import PROCESS_COMMANDS
from phonesim.shell.unix import UNIX_COMMANDS

COMMANDS: Mapping[str, Command] = {
    **UNIX_COMMANDS,
    **ANDROID_COMMANDS,
    **PACKAGE_COMMANDS,
    **PROCESS_COMMANDS,
    "dumpsys": dumpsys,
}
