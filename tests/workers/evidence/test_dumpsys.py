"""What real phones and simulated ones print, and what is read of it."""

from __future__ import annotations

import pytest

from workers.evidence.dumpsys import MOST_LINE, read_focus, read_network
from workers.phone.readings import Unreadable

# The form of Android 13; addresses and names are made up.
CONNECTIVITY = f"""NetworkProviders for: Connectivity, TelephonyNetworkFactory

Active default network: 103

Current Networks:
  NetworkAgentInfo{{network{{102}}  handle{{438}}  ni{{MOBILE[LTE] CONNECTED extra: cmnet}}  nc{{[ Transports: CELLULAR Capabilities: MMS&INTERNET LinkUpBandwidth>=4096Kbps ]}} }}
    Requests: REQUEST:3 LISTEN:12
  NetworkAgentInfo{{network{{103}}  handle{{442}}  ni{{WIFI CONNECTED extra: }} Score(Policies : IS_VALIDATED)  nc{{[ Transports: WIFI|VPN Capabilities: NOT_METERED&INTERNET&VALIDATED&NOT_VPN LinkUpBandwidth>=1048576Kbps ]}} {"x" * 500} }}
"""  # noqa: E501  # as Android prints it


def test_the_default_network_is_read_among_others() -> None:
    network = read_network(CONNECTIVITY)
    assert (network["active"], network["transports"], network["validated"]) == (103, ["WIFI", "VPN"], True)
    assert network["line"].startswith("NetworkAgentInfo{network{103}")
    assert len(network["line"]) == MOST_LINE


def test_a_network_without_internet_is_told_from_one_with_it() -> None:
    assert not read_network(CONNECTIVITY.replace("&VALIDATED", ""))["validated"]


def test_no_network_is_said() -> None:
    assert read_network("Active default network: none\n\nCurrent Networks:") == {
        "active": None,
        "transports": [],
        "validated": False,
        "line": "",
    }


@pytest.mark.parametrize("output", ["", "Can't find service: connectivity", "Permission Denial: can't dump"])
def test_a_network_that_is_not_told_is_unreadable(output: str) -> None:
    with pytest.raises(Unreadable):
        read_network(output)


@pytest.mark.parametrize(
    ("output", "package", "activity", "window"),
    [
        (
            "  mCurrentFocus=Window{5f1c2a9 u0 com.app/com.app.ui.Main}\n  mFocusedApp=ActivityRecord{8 u0 x/.Y t2}",
            "com.app",
            "com.app.ui.Main",
            "Window{5f1c2a9 u0 com.app/com.app.ui.Main}",
        ),
        (
            """  mCurrentFocus=Window{9 u0 Application Error: com.app}
  mFocusedApp=AppWindowToken{1 token=Token{2 ActivityRecord{3 u0 com.app/.Main$Inner t5}}}""",
            "com.app",
            ".Main$Inner",
            "Window{9 u0 Application Error: com.app}",
        ),
        ("  mCurrentFocus=null\n  mFocusedApp=ActivityRecord{3 u0 com.app/.Main t5}", "com.app", ".Main", "null"),
    ],
)
def test_the_focus_is_read(output: str, package: str, activity: str, window: str) -> None:
    assert read_focus(output) == {"package": package, "activity": activity, "window": window}


def test_a_phone_without_focus_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_focus("  mCurrentFocus=null\n  mFocusedApp=null")
