"""One person's collected data is erased wherever the ledger has it; what others wrote stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.retention.erase import erase_person, find_person
from models.retention.without_person import ERASED, text_without, without_person
from models.tables import ActionRow, AuditEntry, CollectedComment, Task, metadata_of_all
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger import ended
from tests.support.ledger.person import everywhere

NAMES = ["小红", 'o\'Brien "x"', "a%b_c\\d", "erased", "😀\u202e"]


def whole(engine: Engine) -> str:
    """Everything that the ledger has, as text."""

    def work(session: Session) -> str:
        rows = [
            [str(table.name), *(json.dumps(value, ensure_ascii=False, default=str) for value in row)]
            for table in metadata_of_all().sorted_tables
            for row in session.execute(select(table))
        ]
        return "\n".join(" ".join(row) for row in rows)

    return read(engine, work)


@pytest.mark.parametrize("name", NAMES)
def test_a_person_is_erased_everywhere_and_the_audit_log_does_not_name_them(ledger: Engine, name: str) -> None:
    everywhere(ledger, name)
    before = find_person(ledger, name)
    assert all(before.values()), before
    assert erase_person(ledger, name, "wang") == before
    assert not any(find_person(ledger, name).values()) or name == "erased"
    left = whole(ledger).replace(ERASED, "").replace('"erased"', "").replace('{"erased"', "")
    for form in (name, json.dumps(name, ensure_ascii=False)[1:-1]):
        assert form not in left
    entries = read(ledger, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert [one.who for one in entries] == ["wang", "wang"]
    assert entries[1].after == {"erased": before}


def test_what_others_wrote_and_what_the_operator_wrote_stays(ledger: Engine) -> None:
    everywhere(ledger, "小红")
    erase_person(ledger, "小红", "wang")
    comments = read(ledger, lambda session: session.scalars(select(CollectedComment)).all())
    assert [one.text for one in comments] == ["路过"]
    task = read(ledger, lambda session: session.get_one(Task, "t-failed"))
    assert task.kwargs == {**ended.VIDEO, "target_commenter": ERASED, "target_comment": ERASED, "text": "谢谢"}
    result: Any = read(ledger, lambda session: session.get_one(Task, "t-comments").result)
    assert [one["text"] for one in result["comments"]] == ["路过"]
    done = read(ledger, lambda session: session.scalars(select(ActionRow)).one())
    assert (done.comment_key, done.text) == ("c", "谢谢"), "the caps count by the key"


def test_an_open_task_on_their_comment_refuses_the_erasure(ledger: Engine) -> None:
    everywhere(ledger, "小红")
    row = ended.task_row("t-open", "c1", "directed", ended.REPLY, state="ready", ended_at=None)
    ended.add(ledger, [row], [])
    before = whole(ledger)
    with pytest.raises(Refused, match="1 tasks that have not ended"):
        erase_person(ledger, "小红", "wang")
    assert whole(ledger) == before


@pytest.mark.parametrize("name", ["", "x" * 192])
def test_a_name_that_nobody_has_is_refused(ledger: Engine, name: str) -> None:
    with pytest.raises(Refused, match="name: it has"):
        erase_person(ledger, name, "wang")


def test_a_name_of_one_character_leaves_the_words_of_people() -> None:
    assert without_person({"commenter": "红", "text": "好", "likes": 1}, "红") == {
        "commenter": ERASED, "text": ERASED, "likes": 1,
    }  # fmt: skip
    assert without_person([{"commenter": "红"}, ["红", "红色"], 1, None], "红") == [[ERASED, "红色"], 1, None]
    assert text_without(None, "红") is None
