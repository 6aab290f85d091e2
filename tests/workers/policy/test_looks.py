"""Of the phones of one host only so many are asked at once who is logged in, and each of them comes in its turn."""

from __future__ import annotations

from workers.policy.looks import AT_ONCE, EXPIRES, GIVES_WAY, Looks

MANY = {f"s{number:03}": "shelf" for number in range(3 * AT_ONCE)}


def test_a_few_are_all_asked_and_asked_again_when_their_message_is_void() -> None:
    looks, few = Looks(), {"s1": "shelf", "s2": "shelf"}
    assert sorted(looks.due(few, 0.0)) == ["s1", "s2"]
    assert looks.due(few, EXPIRES - 0.1) == []
    assert sorted(looks.due(few, EXPIRES)) == ["s1", "s2"]
    assert sorted(looks.due(few, GIVES_WAY)) == ["s1", "s2"]


def test_of_one_host_only_so_many_are_asked_whatever_other_hosts_have() -> None:
    asked = Looks().due({**MANY, "far": "another"}, 0.0)
    assert len(asked) == AT_ONCE + 1
    assert "far" in asked


def test_who_told_makes_room_at_once() -> None:
    looks = Looks()
    first = looks.due(MANY, 0.0)
    told = first[:7]
    left = {serial: host for serial, host in MANY.items() if serial not in told}
    following = looks.due(left, 0.1)
    assert len(following) == len(told)
    assert not {*following} & {*first}


def test_phones_that_never_tell_do_not_keep_the_others_from_being_asked() -> None:
    looks, asked = Looks(), set[str]()
    for turn in range(3):
        asked.update(looks.due(MANY, turn * GIVES_WAY))
    assert asked == MANY.keys()


def test_whoever_was_asked_longest_ago_comes_first() -> None:
    looks = Looks()
    rounds = [looks.due(MANY, turn * GIVES_WAY) for turn in range(4)]
    assert rounds[3] == rounds[0]


def test_a_phone_that_is_to_be_asked_another_time_is_asked_at_once() -> None:
    looks = Looks()
    assert looks.due({"s1": "shelf"}, 0.0) == ["s1"]
    assert looks.due({}, 0.5) == []
    assert looks.due({"s1": "shelf"}, 1.0) == ["s1"]
