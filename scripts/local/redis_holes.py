"""Holes that are known of Redis, by its version. Pure.

A version is what a server says of itself: a distribution may have mended one
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


SCRIPTS, TLS, HYPERLOGLOG = "scripts", "TLS at the server", "HyperLogLog"
STRANGER = "a connection without a password"
# Where the numbers stand: 2024-31449 in the release notes of redis/redis; 2024-46981 and 2025-21605 in the advisories
# of OSV and Alpine; 2025-32023 and 2025-48367 in redis/redis pull requests 14158 and 14172 to 14174; 2025-49844 and
# July 2026 in docker-library/official-images pull requests 20011 and 21922, by Redis's own packager; 2026-81934 in its
# CVE record. The release of July 2026 names no CVE there: "serious vulnerabilities that may result in remote code
# execution".
HOLES = (
    Hole("CVE-2024-31449", SCRIPTS, {(6, 2): 16, (7, 2): 6, (7, 4): 1}),
    Hole("CVE-2024-46981", SCRIPTS, {(6, 2): 17, (7, 2): 7, (7, 4): 2}),
    Hole("CVE-2025-21605", STRANGER, {(6, 2): 18, (7, 2): 8, (7, 4): 3}),
    Hole("CVE-2025-32023", HYPERLOGLOG, {(6, 2): 19, (7, 2): 10, (7, 4): 5, (8, 0): 3}),
    Hole("CVE-2025-48367", STRANGER, {(6, 2): 19, (7, 2): 10, (7, 4): 5, (8, 0): 3}),
    Hole("CVE-2025-49844", SCRIPTS, {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2}),
    Hole(
        "what the release of July 2026 mended",
        "something not published",
        {(6, 2): 23, (7, 2): 15, (7, 4): 10, (8, 2): 8, (8, 4): 5, (8, 6): 5, (8, 8): 1},
    ),
    Hole(
        "CVE-2026-81934",
        TLS,
        {(6, 2): 24, (7, 2): 16, (7, 4): 11, (8, 2): 9, (8, 4): 6, (8, 6): 6, (8, 8): 2, (8, 10): 1},
    ),
)
# The embedded one allows them to nobody, and has no TLS.
OFF_IN_EMBEDDED = frozenset({SCRIPTS, HYPERLOGLOG, TLS})


def holes_of(version: str) -> list[Hole]:
    """Returns those of a version such as 6.2.14; none of one that cannot be read."""
    numbers = [int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:3] if part.isdigit()]
    if len(numbers) != 3:
        return []
    return [one for one in HOLES if one.open_in((numbers[0], numbers[1], numbers[2]))]
