"""The tests of adbutils and uiautomator2 that are left out, and what each needs that no simulated phone has.

docs/conformance.md shows this table; `python -m conformance --left-out` writes it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DEMO = "the app com.example.u2testdemo, uiautomator2's own demo"


def _tests(module: str, *names: str) -> Sequence[str]:
    return [f"{module}.py::{name}" for name in names]


ADBUTILS: Mapping[str, str] = {
    "test_adb.py::test_wait_for": "a phone at a USB port, where no simulated phone can be for the real adb server: "
    "it runs over phonesim's own adb server, which shows its phones at USB",
    "test_deprecated.py::test_current_app": "a function that adbutils has removed; its authors skip the test",
    "test_device_shell_extend.py::test_app_start_stop": "the app io.appium.android.apis, Appium's own demo",
    "test_record.py::test_screenrecord": "a video encoder",
}
UIAUTOMATOR2: Mapping[str, str] = dict.fromkeys(
    [
        *_tests(
            "test_app", "test_wait_activity", "test_app_wait", "test_app_start_stop", "test_app_clear",
            "test_app_info", "test_auto_grant_permissions", "test_session",
        ),
        *_tests("test_device", "test_click", "test_swipe_drag", "test_swipe_ext_inside_box", "test_toast"),
        *_tests("test_input", "test_send_keys"),
        *_tests(
            "test_selector", "test_exists", "test_selector_info", "test_child_by", "test_screenshot", "test_center",
            "test_click_exists", "test_swipe", "test_pinch_gesture",
        ),
    ],
    DEMO,
)  # fmt: skip


def rows(suite: str, table: Mapping[str, str]) -> list[str]:
    """A row of the page for each need, with the tests that have it, in the order of the table."""
    by_need: dict[str, list[str]] = {}
    for test, need in table.items():
        by_need.setdefault(need, []).append(test)
    return [f"| {suite} | {need} | {', '.join(f'`{test}`' for test in tests)} |" for need, tests in by_need.items()]
