"""What is said twice is said alike: the commands of both READMEs, and the pages that repeat what the code says."""

from __future__ import annotations

import re

from pydantic import BaseModel

import models.tasks.states
from flows.specs.catalogue import SPECS
from models.responsible_use.caps import CAP_NAMES, Caps
from tests.support.documents import command_lines, read, rows, spans
from workers.campaigns.campaign_file import CampaignFile, Collecting, Directing, Nurturing, PerAccount
from workers.campaigns.file_bounds import Quotas, Scheduling
from workers.campaigns.named_comments import Reporting

PARTS: dict[str, type[BaseModel]] = {
    "## The file 文件": CampaignFile,
    "## schedule 定时": Scheduling,
    "## quotas 配额": Quotas,
    "## nurture 养号": Nurturing,
    "## collect 标题采集和数据采集": Collecting,
    "## directed 定向任务": Directing,
    "### per_account 每账号": PerAccount,
    "## dislikes and reports 不喜欢和举报": Reporting,
}


def test_both_readmes_name_the_same_commands_and_numbers() -> None:
    english, chinese = (_facts(name) for name in ("README.md", "README.zh-CN.md"))
    assert english == chinese


def _facts(name: str) -> set[str]:
    commands = {found for line in command_lines(name) for found in re.findall(r"(?:phonefleet|make) [a-z-]+", line)}
    return commands | {span for span in spans(name) if not span.startswith("phonefleet")}


def test_the_campaign_page_names_exactly_the_fields_that_there_are() -> None:
    for heading, model in PARTS.items():
        named = [cells[0].strip("`") for cells in rows("docs/campaign-file.md", heading)]
        assert named == list(model.model_fields), heading


def test_the_campaign_page_has_the_limits_and_defaults_of_the_code() -> None:
    for heading, model in PARTS.items():
        for name, _, limits, absent in rows("docs/campaign-file.md", heading):
            field = model.model_fields[name.strip("`")]
            bounds = {getattr(one, edge) for one in field.metadata for edge in ("ge", "le") if hasattr(one, edge)}
            assert bounds <= {int(number) for number in re.findall(r"\d+", limits)}, name
            assert absent.startswith("refused: it must be there") == field.is_required(), name
            if isinstance(field.default, int):
                assert absent == str(field.default), name


def test_the_drawing_of_the_states_is_the_codes_own() -> None:
    drawing = (models.tasks.states.__doc__ or "").split("\n\n", 1)[1].rstrip()
    assert drawing in read("docs/architecture.md")


def test_the_caps_are_those_of_the_code() -> None:
    told = {cells[0].strip("`"): int(cells[1]) for cells in rows("docs/responsible-use.md", "## Caps")}
    defaults = Caps()
    assert told == {name: getattr(defaults, name) for name in told}
    assert list(told) == list(CAP_NAMES)


def test_the_flows_page_has_every_parameter_and_result() -> None:
    told = {cells[0].strip("`"): cells[1:] for cells in rows("docs/python-interface.md", "## Flows")}
    for name, flow in SPECS.items():
        parameters, result = told[name]
        assert set(flow.params_model.model_fields) <= set(re.findall(r"`(\w+)`", parameters)), name
        assert set(flow.result_model.model_fields) <= set(re.findall(r"`(\w+)`", result)), name
