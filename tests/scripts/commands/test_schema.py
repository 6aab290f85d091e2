"""`phonefleet schema`: what an editor is given agrees with what submit takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from flows.specs.catalogue import SPECS
from models.values.refused import Refused
from tests.scripts.conftest import Run
from tests.support.documents import rows
from workers.campaigns.campaign_schema import TERMS, schema_of
from workers.campaigns.given_campaign import GivenCampaign, given_campaign

STANDARD_DAY = yaml.safe_load((Path(__file__).parents[3] / "scripts" / "standard_day.yaml").read_text("utf-8"))
COMMENT = {"account": "a", "author_id": "x", "title": "t", "target_commenter": "c", "target_comment": "d"}


def taken(day: Any) -> bool:
    """Does reading the file take it?"""
    try:
        GivenCampaign(day).check()
    except Refused:
        return False
    return True


def test_the_standard_day_and_named_comments_fit_the_printed_schema(run: Run) -> None:
    said = run("schema")
    assert (said.status, said.err) == (0, "")
    whole = STANDARD_DAY | {"dislikes": [COMMENT], "reports": [COMMENT | {"reason": "其他"}]}
    for day in (STANDARD_DAY, whole):
        assert jsonschema_rs.is_valid(json.loads(said.out), day)
        assert taken(day)


def test_pairs_and_variables_fit_the_printed_schema(run: Run) -> None:
    collect = {name: one for name, one in STANDARD_DAY["collect"].items() if name != "authors"}
    pairs = [{"account": "acc0001", "author": "xiaopeng", "pinned": True}, {"account": "a", "author": "${who}"}]
    day = STANDARD_DAY | {"variables": {"who": "b", "videos": 2}, "collect": collect | {"pairs": pairs}}
    day["collect"]["videos"] = "${videos}"
    assert jsonschema_rs.is_valid(json.loads(run("schema").out), day)
    given_campaign(day).check()


@pytest.mark.parametrize(
    "change",
    [
        {"nurtrue": {}},
        {"campaign": ""},
        {"campaign": 12},
        {"accounts": "some"},
        {"without_basis": "ignore"},
        {"seed": -1},
        {"collect": STANDARD_DAY["collect"] | {"videos": 0}},
        {"collect": STANDARD_DAY["collect"] | {"videos": "2"}},
        {"collect": STANDARD_DAY["collect"] | {"queue": "acc0001"}},
        {"collect": STANDARD_DAY["collect"] | {"queue": "phone."}},
        {"reports": [COMMENT]},
        {"reports": [COMMENT | {"reason": "不好看"}]},
        {"dislikes": [COMMENT | {"reason": "其他"}]},
    ],
)
def test_a_mistake_that_submit_refuses_is_marked_by_the_schema(change: dict[str, Any]) -> None:
    day = STANDARD_DAY | change
    assert not taken(day)
    assert not jsonschema_rs.is_valid(schema_of("campaign"), day)


@pytest.mark.parametrize("queue", ["pool", "phone.SERIAL", "account.a b"])
def test_each_form_of_a_queue_is_taken_by_both(queue: str) -> None:
    day = STANDARD_DAY | {"collect": STANDARD_DAY["collect"] | {"queue": queue}}
    assert taken(day)
    assert jsonschema_rs.is_valid(schema_of("campaign"), day)


@pytest.mark.parametrize("flow", SPECS)
def test_each_flow_has_a_schema_of_its_parameters(flow: str, run: Run) -> None:
    schema = json.loads(run("schema", flow).out)
    assert set(schema["properties"]) == set(SPECS[flow].params_model.model_fields)
    assert not jsonschema_rs.is_valid(schema, {"nobody": 1})


def test_fields_have_the_terms_of_the_documentation() -> None:
    headings = ("## The file 文件", "## nurture 养号", "## collect 标题采集和数据采集", "## directed 定向任务")
    for heading in (*headings, "### per_account 每账号", "## dislikes and reports 不喜欢和举报"):
        for name, term, *_ in rows("docs/campaign-file.md", heading):
            assert term.endswith(TERMS[name.strip("`")])  # 每个视频的评论数 is 评论数 elsewhere


def test_it_is_written_to_a_file_and_an_unknown_name_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "campaign.schema.json"
    assert run("schema", "campaign", "--out", file).status == 0
    assert json.loads(file.read_text("utf-8")) == schema_of("campaign")
    for arguments in (("dance",), ("campaign", "--out", tmp_path / "nowhere" / "x.json")):
        assert run("schema", *arguments).status == 2
