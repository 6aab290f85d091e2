"""Variables of a campaign file: put in with their types, bounded, and told with their places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.refused import Refused
from workers.campaigns.given_campaign import given_campaign, load_campaign
from workers.campaigns.variables import MOST_FILLED, MOST_VALUE, MOST_VARIABLES, fill, read_value

FILE = """\
variables:
  day: 周一
  videos: 2
  手机: phone.sim-0001
campaign: 标准日 ${day}
collect:
  authors: [xiaopeng, "${day}号"]
  videos: ${videos}
  comments: 50
  queue: ${手机}
"""


def told(text: str, **values: str) -> list[str]:
    """Returns the problems of a file, each as one line."""
    with pytest.raises(Refused) as refused:
        load_campaign(text, "day.yaml", values).check()
    return [f"{one.field}: {one.reason}; {one.remedy}" for one in refused.value.problems]


def test_a_variable_stands_for_its_value_in_texts_and_in_place_of_numbers() -> None:
    day = load_campaign(FILE, "day.yaml").check()
    assert day.campaign == "标准日 周一"
    assert day.collect is not None
    assert (day.collect.authors, day.collect.videos, day.collect.queue) == (("xiaopeng", "周一号"), 2, "phone.sim-0001")


def test_a_value_that_is_given_replaces_the_one_of_the_file_and_is_kept_with_the_day() -> None:
    day = load_campaign(FILE, "day.yaml", {"day": "周二", "videos": "3"}).check()
    assert day.collect is not None
    assert (day.campaign, day.collect.videos) == ("标准日 周二", 3)
    assert day.variables["day"] == "周二"


def test_a_doubled_dollar_stands_for_the_text_itself_and_other_dollars_stay() -> None:
    data = {"variables": {"a": 1}, "texts": ["$${a}", "$$${a}", "${a}$", "a$b", "$a", "{a}", "价格$5", "${a}${a}"]}
    filled, problems = fill(data)
    assert filled["texts"] == ["${a}", "$${a}", "1$", "a$b", "$a", "{a}", "价格$5", "11"]
    assert problems == []


def test_a_variable_that_stands_alone_keeps_its_type_and_in_a_text_it_is_written_as_in_the_file() -> None:
    filled, _ = fill({"variables": {"yes": True, "n": -7, "t": "007"}, "x": ["${yes}", "${n}", "${t}", "=${yes}${n}"]})
    assert filled["x"] == [True, -7, "007", "=true-7"]
    read = {"2": 2, "-2": -2, "02": "02", "true": True, "True": "True", "周一": "周一", "": ""}
    assert {text: read_value(text) for text in read} == read


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("${day}", "${dya}"), ["line 5, column 11: '${dya}' names no variable", "use one of day, videos, 手机"]),
        (("${videos}", "${video}"), ["collect.videos: line 8, column 11: '${video}' names no variable"]),
        (("videos: 2", "videos: two"), ["collect.videos: line 8, column 11", "no whole number"]),
        (("day: 周一", "day: [周一]"), ["variables: line 2, column 3", "neither a text nor"]),
        (("day: 周一", "2day: 周一"), ["is no name of a variable", "a letter first"]),
        (("day: 周一", f"day: {'长' * (MOST_VALUE + 1)}"), [f"has {MOST_VALUE + 1} characters", "shorten it"]),
    ],
)
def test_a_mistake_is_told_with_its_place(change: tuple[str, str], expected: list[str]) -> None:
    said = "\n".join(told(FILE.replace(*change, 1)))
    for part in expected:
        assert part in said


def test_an_unknown_variable_is_told_once_and_not_as_a_wrong_number_too() -> None:
    assert len(told(FILE.replace("${videos}", "${video}"))) == 1


def test_a_value_that_is_given_for_no_variable_is_refused() -> None:
    (said,) = told(FILE, tag="周三")
    assert said == "variables: line 2, column 3: the file has no variable 'tag'; name one of day, videos, 手机"
    (said,) = told("campaign: x\ncollect: {authors: [x], videos: 1, comments: 1}\n", tag="周三")
    assert "add it to the file's variables" in said


def test_too_many_variables_are_told() -> None:
    many = {f"v{number}": 1 for number in range(MOST_VARIABLES + 1)}
    with pytest.raises(Refused, match=f"{MOST_VARIABLES + 1} are too many"):
        given_campaign({"variables": many, "campaign": "x", "nurture": {"video_loop": 1}}).check()


def test_a_short_file_cannot_grow_without_a_bound() -> None:
    texts = ["${long}" * 100] * 1000
    filled, problems = fill({"variables": {"long": "长" * MOST_VALUE}, "texts": texts})
    assert sum(map(len, filled["texts"])) < 2 * MOST_FILLED
    assert [problem.field for _, problem in problems] == ["variables"]


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), lambda one: st.lists(one, max_size=4)))
def test_what_has_no_variables_stays_as_it_is(value: Any) -> None:
    filled, problems = fill({"x": value})
    if "${" not in str(value):
        assert (filled, problems) == ({"x": value}, [])
