"""A recording as its page shows it: how far it is, the screen with its elements, and what comes of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.drift.rank import Ranked, rank
from flows.profile import ProfileError
from flows.screen import Node, Screen
from models.database.clock import database_now
from models.fleet.recordings import recording_named, screens_of_recording, trouble_of, waits_for_phone
from models.tables import Phone, Recording
from models.values.enums import PhoneState
from models.values.refused import Refused, refuse
from workers.policy.recorder.go_through import Answer, Reached, go_through
from workers.policy.recorder.steps_text import steps_of
from workers.policy.recorder.typed_steps import NOTHING_READ, name_for
from workers.policy.recorder.walk import profile_of, short, words_of

MOST_PHONES = 300


@dataclass(frozen=True, slots=True)
class Drawn:
    """An element over the picture of its screen."""

    number: int
    node: Node
    words: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The element that a person clicked: its part's proposed name, and its selectors, the best first."""

    number: int
    node: Node
    words: str
    name: str
    ranked: Sequence[Ranked]
    screens: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What comes of a recording so far: the texts of its files, or why there are none."""

    profile: str = ""
    steps: str = ""
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class ShownRecording:
    """A recording, how far it is, and whether its phone is at work or in trouble. `answers`: what it showed;
    `seen`: what the person looks at. `print`: tells the last screen from another that took its place."""

    row: Recording
    reached: Reached
    answers: Sequence[Answer]
    seen: Screen | None
    waits: bool
    trouble: str
    print: str

    @property
    def drawn(self) -> Sequence[Drawn]:
        """Returns the elements over the picture, the large ones first: a small one lies over them."""
        numbered = enumerate(self.reached.elements, 1)
        found = [Drawn(number, node, words_of(node)) for number, node in numbered if node.has_place]
        return sorted(found, key=lambda one: -_area(one.node))

    @property
    def listed(self) -> Sequence[Drawn]:
        """Returns the elements in the order of their numbers."""
        return [Drawn(number, node, words_of(node)) for number, node in enumerate(self.reached.elements, 1)]

    @property
    def size(self) -> tuple[int, int]:
        """Returns the pixels of the screen that the person looks at."""
        return self.seen.size if self.seen is not None else (1, 1)

    def chosen(self, number: str) -> Chosen | None:
        """Returns the element of this number; None for another one."""
        place = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
        if not 0 < place <= len(self.reached.elements):
            return None
        node, walked, page = self.reached.elements[place - 1], self.reached.walked, self.reached.page
        ranked = rank(node, page, walked.screens, walked.package)
        return Chosen(
            place, node, words_of(node), name_for(node, walked.parts[page]), ranked, len(walked.screens[page])
        )

    def short(self, selector: str) -> str:
        """Returns a selector as a profile has it."""
        return short(selector, self.row.package)

    def draft(self) -> Draft:
        """Returns the texts that the terminal's recorder would write of it."""
        walked = self.reached.walked
        try:
            text, profile, _ = profile_of(walked)
            if not self.row.flow:
                return Draft(text)
            if walked.typed is None or not walked.typed.reads:  # the page has buttons, no prompt to type at
                raise refuse("steps", NOTHING_READ, "choose an element, name its column, and press: Read it")
            return Draft(text, steps_of(walked, self.row.heading, profile))
        except Refused as refused:
            return Draft(refused=refused)
        except ProfileError as error:
            return Draft(refused=refuse("profile", f"{error}", "name the part or the page differently"))


def shown_recording(session: Session, recording_id: int) -> ShownRecording:
    """Reads a recording. Raises Refused."""
    row = recording_named(session, recording_id)
    dumps = screens_of_recording(session, recording_id)
    answers = answers_of(dumps)
    reached, now = reached_of(row, row.lines, answers), database_now(session)
    seen = answers[reached.shown].screen if 0 <= reached.shown < len(answers) else None
    printed = f"{crc32(dumps[-1].encode()):08x}" if dumps else ""
    return ShownRecording(row, reached, answers, seen, waits_for_phone(row, now), trouble_of(row, now), printed)


def is_at_work(session: Session, recording_id: int) -> bool:
    """Returns whether the phone's answer may still come: asked every second, so no screen is read. Raises Refused."""
    return waits_for_phone(recording_named(session, recording_id), database_now(session))


def answers_of(dumps: Sequence[str]) -> Sequence[Answer]:
    """Returns what the phone showed, of its dumps."""
    return [Answer(Screen.parse(dump)) for dump in dumps]


def reached_of(row: Recording, lines: Sequence[str], answers: Sequence[Answer]) -> Reached:
    """Returns how far the recording is with these lines and screens."""
    return go_through(row.package, row.version or "", lines, answers, flow=row.flow)


def phones_to_record(session: Session) -> Sequence[Phone]:
    """Returns the phones on which a recording may begin: those that a person paused."""
    wanted = select(Phone).where(Phone.paused, Phone.state == PhoneState.ONLINE).order_by(Phone.serial)
    return session.scalars(wanted.limit(MOST_PHONES)).all()


def _area(node: Node) -> int:
    left, top, right, bottom = node.bounds
    return (right - left) * (bottom - top)
