"""Decides whether a phone is fit for work, and names the first thing to mend. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from models.tables import Phone
from models.values.enums import PhoneState, UnfitCode


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a phone takes no work now: a code, the reason for people, and the remedy."""

    code: UnfitCode
    why: str
    remedy: str


ON_HOST = " on host "  # in the listed name of a phone that waits for another host
TELL_APART = (
    "unplug one to see which phone is which, then give each a name of its own by its address: "
    "PHONEFLEET_PHONE_NAMES=usb:1-4=left,10.0.0.7:5555=right"
)

TELL_HOSTS_APART = (
    "give the phone of one host a name of its own there, by its address, and start that host again: "
    "PHONEFLEET_PHONE_NAMES={address}=left; if it is one phone that both hosts reach, disconnect it from one of them"
)

HOST_STOPPED = "its host stopped"  # in order: it said so itself
START_HOST = (
    "start the host agent on host {host}, there: phonefleet up, or phonefleet host; "
    "where services were installed: systemctl start phonefleet-host"
)

SECOND_AGENT = (
    "serve some of its phones by a second host agent of that machine, with a name, a folder and an adb port "
    "of its own: PHONEFLEET_HOST, PHONEFLEET_VAR, PHONEFLEET_ADB_PORT; docs/scaling.md has the steps"
)

STATE_REMEDIES: dict[str, str] = {
    PhoneState.OFFLINE: "check cable, hub and power, and that USB debugging is on",
    PhoneState.UNAUTHORIZED: "confirm this machine's key on the phone's screen",
    PhoneState.NO_PERMISSIONS: (
        "add a udev rule for its maker on this machine (Debian and Ubuntu: apt install "
        "android-sdk-platform-tools-common), put who runs phonefleet in the group plugdev, log in anew, "
        "and plug the phone in again"
    ),
    **dict.fromkeys(
        (PhoneState.RECOVERY, PhoneState.BOOTLOADER, PhoneState.SIDELOAD, PhoneState.RESCUE),
        "start the phone again: it is not in Android",
    ),
    PhoneState.EQUAL_SERIALS: TELL_APART,
    PhoneState.UNCONNECTED: SECOND_AGENT,
}


def why_not(phone: Phone, now: datetime) -> Unfit | None:
    """Returns why the phone may not work; None if it may. Does not ask whether its account rests."""
    if phone.state != PhoneState.ONLINE:
        remedy = STATE_REMEDIES.get(phone.state, "see its reason")
        if phone.state == PhoneState.SILENT or phone.why == HOST_STOPPED:
            remedy = START_HOST.format(host=phone.host)
        if phone.state == PhoneState.EQUAL_SERIALS and ON_HOST in phone.serial:
            remedy = TELL_HOSTS_APART.format(address=phone.address)
        return Unfit(
            UnfitCode.NOT_ONLINE, f"phone {phone.serial} is {phone.state}: {phone.why or 'no reason known'}", remedy
        )
    if phone.paused:
        return Unfit(
            UnfitCode.PAUSED, phone.paused_why or f"phone {phone.serial} is paused", f"phonefleet resume {phone.serial}"
        )
    if phone.unfit_why is not None:
        remedy = (phone.health or {}).get("remedy") or "mend what the reason says"
        return Unfit(UnfitCode.UNFIT, phone.unfit_why, f"{remedy}; it works again by itself")
    if phone.twice_since is not None:
        why = phone.why or f"the account on phone {phone.serial} is on another phone too"
        return Unfit(UnfitCode.ACCOUNT_TWICE, why, "log the account out on one of the two phones")
    if phone.account_id is None:
        why = phone.why or f"phone {phone.serial} has not told its account yet"
        return Unfit(UnfitCode.NO_ACCOUNT, why, "log an account in on the phone")
    if phone.quarantined_until is not None and phone.quarantined_until > now:
        why = phone.quarantine_why or f"phone {phone.serial} failed across tasks"
        return Unfit(UnfitCode.QUARANTINED, why, "look at the evidence of its last tasks; it tries one by itself later")
    return None


def plainly_fit() -> tuple[ColumnElement[bool], ...]:
    """Selects phones that may work now for anybody, at any time: for each, `why_not` has nothing to say.

    Of other phones `why_not` has to be asked: a quarantine may be over, and a customer's pause concerns its own tasks.
    """
    return (
        Phone.state == PhoneState.ONLINE,
        ~Phone.paused,
        Phone.unfit_why.is_(None),
        Phone.twice_since.is_(None),
        Phone.account_id.is_not(None),
        Phone.quarantined_until.is_(None),
        Phone.paused_for.is_(None),
    )


def awaits_canary(phone: Phone, now: datetime) -> bool:
    """True when the quarantine's time is over and the next task is the canary, whose success releases the phone."""
    return phone.quarantined_until is not None and phone.quarantined_until <= now
