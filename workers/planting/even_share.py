"""Plans the even share: which account each acting task of the pool is meant for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.responsible_use.authors import read_caps
from models.responsible_use.usage import accounts_on_videos, comments_on_videos
from models.tables import Account, Campaign, Phone
from models.values.enums import PhoneState


def plan_even_share(session: Session, campaign: Campaign, values: Sequence[dict[str, Any]]) -> None:
    """Plans the even share of acting tasks in the pool whose video is known already."""
    acting = [one for one in values if _is_shared_out(one)]
    if not acting:
        return
    from workers.policy.blame import written_params  # noqa: PLC0415 - few campaigns have tasks to share out
    from workers.policy.content import comments_on_video  # noqa: PLC0415 - as above
    from workers.policy.fair_share import Commenting, spread  # noqa: PLC0415 - as above

    sandbox = bool(campaign.sandbox)
    accounts = session.scalars(
        select(Phone.account_id)
        .join(Account, Account.id == Phone.account_id)
        .where(Phone.state == PhoneState.ONLINE, Phone.sandbox == sandbox, Account.resting_since.is_(None))
        .order_by(Phone.account_id)
    )
    videos = [one["video_key"] for one in acting]
    authors, caps = {one["author_id"] for one in acting}, read_caps(session)
    on_video = accounts_on_videos(session, authors, set(videos), sandbox=sandbox)
    commenting = Commenting(
        {at for at, one in enumerate(acting) if comments_on_video(written_params(one["args"], one["kwargs"]))},
        caps.comments_per_account_video,
        comments_on_videos(session, authors, set(videos), sandbox=sandbox),
    )
    known = [one for one in accounts if one is not None]
    plan = spread(videos, known, on_video, caps.accounts_per_video, seed=campaign.seed, commenting=commenting)
    for one, account in zip(acting, plan, strict=True):
        one["meant_for"] = account


def _is_shared_out(values: Mapping[str, Any]) -> bool:
    pinned = values["pinned_account"] is not None or values["pinned_phone"] is not None
    return bool(values["acts"]) and not pinned and values["video_key"] is not None
