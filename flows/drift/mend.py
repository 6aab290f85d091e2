"""Reads an app after its update again and again, each time with the patch that the screens so far allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flows.drift.patch import Patch
from flows.drift.propose import Screens, propose
from flows.packages.recording import dump_of
from flows.profile import AppProfile
from flows.screen import Screen

MOST_ROUNDS = 10  # each gets at least one page further
MOST_SEEN = 200  # screens that are compared


def mend(profile: AppProfile, recorded: Screens, run: Callable[[AppProfile], Sequence[Screen]]) -> Patch:
    """Returns the patch, empty when the profile holds. `run` reads with a profile as far as it comes.

    `run` returns the screens that it saw; it must only read.
    """
    patch = Patch()
    seen: dict[str, Screen] = {}
    for _ in range(MOST_ROUNDS):
        for screen in run(patch.applied(profile)):
            if len(seen) < MOST_SEEN:
                seen.setdefault(dump_of(screen), screen)
        better = propose(profile, recorded, [*seen.values()], patch)
        if better.pages == patch.pages:
            return better
        patch = better
    return patch
