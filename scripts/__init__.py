"""The command `phonefleet`, its parts and its set-up."""

from __future__ import annotations

import gc


def main() -> None:
    """The entry point of the installed command. No module is garbage, so nobody looks for any until they are there."""
    gc.disable()
    from scripts.cli import main as command  # noqa: PLC0415

    command()
