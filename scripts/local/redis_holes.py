"""Holes that are known of Redis, by its version. Pure.

Sources: Redis's own release notes. A version is what a server says of itself: a distribution may have mended one
without a new number, as Debian does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Branch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole, what an attacker needs, and by branch the first release without it.

    A branch that is not named had no such release when it is older than the newest one named, and never the hole when
    it is newer.
    """

    cve: str
    needs: str
    mended: Mapping[Branch, int]

    def open_in(self, version: tuple[int, int, int]) -> bool:
        """Returns whether a server of this version has it, by its number."""
        *branch, patch = version
        major, minor = branch
        if (major, minor) in self.mended:
            return patch < self.mended[major, minor]
        return (major, minor) < max(self.mended)


SCRIPTS = "scripts"
HOLES = (
    Hole("CVE-2024-31449", SCRIPTS, {(6, 2): 16, (7, 2): 6, (7, 4): 1}),
    Hole("CVE-2024-46981", SCRIPTS, {(6, 2): 17, (7, 2): 7, (7, 4): 2}),
    Hole("CVE-2025-21605", "a connection without a password", {(6, 2): 18, (7, 2): 8, (7, 4): 3}),
    Hole("CVE-2025-32023", "HyperLogLog", {(6, 2): 19, (7, 2): 10, (7, 4): 5, (8, 0): 3}),
    Hole("CVE-2025-48367", "a connection without a password", {(6, 2): 19, (7, 2): 10, (7, 4): 5, (8, 0): 3}),
    Hole("CVE-2025-49844", SCRIPTS, {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2}),
)
# What the embedded one does for nobody.
OFF_IN_EMBEDDED = frozenset({SCRIPTS, "HyperLogLog"})


def holes_of(version: str) -> list[Hole]:
    """Returns those of a version such as 6.2.14; none of one that cannot be read."""
    numbers = [int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:3] if part.isdigit()]
    if len(numbers) != 3:
        return []
    return [one for one in HOLES if one.open_in((numbers[0], numbers[1], numbers[2]))]
