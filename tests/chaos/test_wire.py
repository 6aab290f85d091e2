"""One direction of a slow wire: the delay and order of its frames, and the share that it loses."""

from __future__ import annotations

from chaos.wire import Line

FRAMES = 10_000


def test_a_frame_arrives_after_the_delay_and_in_order() -> None:
    line = Line(delay=0.1, loss=0.0, seed=1)
    assert line.next_at() is None
    line.enter(b"one", 5.0)
    line.enter(b"two", 5.05)
    assert line.next_at() == 5.1
    assert line.leave(5.0999) == []
    assert line.leave(5.1) == [b"one"]
    assert line.leave(9.0) == [b"two"]
    assert (line.carried, line.lost, line.next_at()) == (2, 0, None)


def test_frames_that_are_due_at_once_leave_together() -> None:
    line = Line(delay=0.1, loss=0.0, seed=1)
    for number in range(3):
        line.enter(b"%d" % number, 1.0)
    assert line.leave(1.1) == [b"0", b"1", b"2"]


def test_it_loses_about_its_share_and_the_same_ones_for_a_seed() -> None:
    lost = []
    for _ in range(2):
        line = Line(delay=0.0, loss=0.02, seed=7)
        for number in range(FRAMES):
            line.enter(b"%d" % number, 0.0)
        lost.append(set(range(FRAMES)) - {int(frame) for frame in line.leave(0.0)})
        assert line.lost == len(lost[-1])
    assert lost[0] == lost[1]
    assert 0.015 < len(lost[0]) / FRAMES < 0.025


def test_a_wire_that_loses_all_carries_nothing() -> None:
    line = Line(delay=0.0, loss=1.0, seed=1)
    line.enter(b"one", 0.0)
    assert line.leave(1.0) == []
    assert (line.carried, line.lost) == (0, 1)
