"""The recorder: walks a person through an app on a connected phone; a profile or the steps of a flow come of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.live.recorder import (
    ShownRecording,
    is_at_work,
    phones_to_record,
    reached_of,
    shown_recording,
)
from gateway.console.pages.pictures import FOR_A_MINUTE
from gateway.console.pages.recorder_lines import asked_again, lines_of, value_of
from gateway.console.view import SECURITY, View
from models.fleet.recordings import (
    add_lines,
    ask_phone,
    begin_recording,
    check_phone,
    end_recording,
    list_recordings,
    moment_of,
    number_of,
    recorded_picture,
    recording_just_begun,
    recording_named,
)
from models.tables import Recording
from models.transactions.read_write import write
from models.values.refused import refuse
from workers.policy.recorder.go_through import Reached
from workers.policy.recorder.touch import Touch
from workers.policy.recorder.typed_steps import KINDS
from workers.policy.recorder.verbs import WRITTEN

MOST_HEADING = 40  # characters, as of a flow's
MEANWHILE = "it went on meanwhile, or its phone is at work"


def listed(view: View) -> Response:
    """Lists the recordings, and shows the form of a new one."""
    return view.page("recorder.html", **view.look(_list))


def _list(session: Session) -> dict[str, Any]:
    return {"rows": list_recordings(session), "phones": phones_to_record(session)}


def begin(view: View) -> Response:
    """Begins a recording: the phone starts the app."""
    form = view.form
    package, flow = form.text("package", 300), form.text("kind") == "flow"
    heading = form.text("heading", 191) or package.rpartition(".")[2][:MOST_HEADING]
    if len(heading) > MOST_HEADING:
        raise refuse("heading", f"it has {len(heading)} characters", f"write 1 to {MOST_HEADING}")

    def work(session: Session) -> int:
        phone = form.text("phone", 191)
        check_phone(session, phone)  # from here on, the same form sent twice waits for itself
        begun = recording_just_begun(session, phone, package, heading, flow=flow, who=view.who)
        if begun is not None:
            return begun.id
        one = begin_recording(session, phone, package, heading, flow=flow, who=view.who)
        ask_phone(session, one, _told(reached_of(one, (), ()).owed))
        return one.id

    return view.done(f"/recorder/{write(view.engine, work)}", "recording")


def show(view: View, recording_id: str) -> Response:
    """Shows one recording: the phone's screen with its elements, what may be done, and what comes of it so far."""
    one = view.look(lambda session: shown_recording(session, number_of(recording_id)))
    chosen = one.chosen(view.request.query_params.get("element", ""))
    draft = one.draft() if one.reached.walked.screens else None
    return view.page("recording.html", one=one, mark=mark_of(one), chosen=chosen, draft=draft, kinds=KINDS)


def state(view: View, recording_id: str) -> Response:
    """Returns nothing while the phone is at work; afterwards has the page loaded again."""
    if view.look(lambda session: is_at_work(session, number_of(recording_id))):
        return Response(status_code=204, headers=SECURITY)
    return Response(headers={**SECURITY, "hx-refresh": "true"})


def picture(view: View, recording_id: str, number: str) -> Response:
    """Returns the picture of one screen; 404 without it."""
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    found = view.look(lambda session: recorded_picture(session, number_of(recording_id), place))
    if found is None:
        return Response(status_code=404, headers=SECURITY)
    kept = {**FOR_A_MINUTE, "content-security-policy": "default-src 'none'; sandbox"}
    return Response(found, media_type="image/webp", headers=kept)


def file(view: View, recording_id: str, name: str) -> Response:
    """Returns profile.yaml or steps.yaml as a file. Raises Refused for a recording that makes none yet."""
    draft = view.look(lambda session: shown_recording(session, number_of(recording_id))).draft()
    if draft.refused is not None:
        raise draft.refused
    text = {"profile.yaml": draft.profile, "steps.yaml": draft.steps}.get(name)
    if not text:
        raise refuse("name", f"{name[:40]} is no file of this recording", "use the links of the page")
    sent = {**SECURITY, "content-disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type="application/yaml", headers=sent)


def act(view: View, act: str) -> Response:
    """Adds what the person says or clicks, and has the phone do what comes of it."""
    recording_id, do = number_of(view.form.text("id", 40)), act
    seen = view.form.text("at", 40)
    one = view.look(lambda session: shown_recording(session, recording_id))
    if do == "end":
        write(view.engine, lambda session: end_recording(session, _locked(session, recording_id)))
        return view.done(f"/recorder/{recording_id}", "recording_ended")
    if seen != mark_of(one) or one.waits:
        raise refuse("recording", MEANWHILE, "load the page again")
    again = asked_again(do, one.reached, trouble=bool(one.trouble))
    lines = [] if again is not None else lines_of(do, view.form, one.reached)
    if again is None:
        again, lines = _gone_on(view, one, lines)

    def work(session: Session) -> None:
        row = _locked(session, recording_id)
        if moment_of(row) != moment_of(one.row):
            raise refuse("recording", MEANWHILE, "load the page again")
        add_lines(session, row, lines)
        if again is not None:
            ask_phone(session, row, _told(again))

    write(view.engine, work)
    return view.done(f"/recorder/{recording_id}", "said")


def _gone_on(view: View, one: ShownRecording, lines: list[str]) -> tuple[Touch | None, list[str]]:
    """Returns what the phone shall do after these lines, and the lines; with the text that a field shall get."""

    def reached(more: list[str]) -> Reached:
        return reached_of(one.row, [*one.row.lines, *more], one.answers)

    now = reached(lines)
    if now.question == WRITTEN and now.owed is None:
        lines = [*lines, value_of(view.form)]
        now = reached(lines)
    return now.owed, lines


def mark_of(one: ShownRecording) -> str:
    """Returns what a form sends back, so that it says nothing about another screen than the one beside it."""
    return f"{len(one.row.lines)}.{len(one.answers)}.{one.print}"


def _locked(session: Session, recording_id: int) -> Recording:
    row = recording_named(session, recording_id, lock=True)
    if row.ended_at is not None:
        raise refuse("recording", f"recording {recording_id} is ended", "begin another one")
    return row


def _told(touch: Touch | None) -> dict[str, object]:
    assert touch is not None
    return touch.model_dump(mode="json", exclude_defaults=True)
