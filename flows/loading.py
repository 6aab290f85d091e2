"""Fields that come later than their page: what stands there until then is no value. Pure."""

from __future__ import annotations

import re

# what apps show in the place of a name, an id or a count: nothing, dashes, dots, or that it is on its way
_PLACEHOLDER = re.compile(
    r"(?:[\s\u200b\ufeff]*|[-\u2010-\u2015_]{1,4}|[.\u2026\u00b7]{1,6}"
    r"|(?:正在)?(?:加载|載入|读取|获取)中?[.\u2026\u3002]*|loading[.\u2026]*|n/a|null)",
    re.IGNORECASE,
)


def is_loaded(text: str) -> bool:
    """Is this a value, and not what stands there before the value has come?

    >>> is_loaded("acc0001"), is_loaded(""), is_loaded("加载中..."), is_loaded("--")
    (True, False, False, False)
    """
    return _PLACEHOLDER.fullmatch(text.strip()) is None
