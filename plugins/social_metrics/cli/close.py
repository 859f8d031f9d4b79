"""`social-metrics close`: a month from draft to approval, and corrections, each by a person's own login."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import typer
from rich.markup import escape

from social_metrics.audit.answers import answer_exceptions, exceptions_of
from social_metrics.audit.closing import Action, act, draft_close, seal_now
from social_metrics.audit.corrections import approve_correction, request_correction
from social_metrics.audit.record import Close, latest_close, status_of, steps_of, stored_rules
from social_metrics.audit.signatures import check_signatures
from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import Format, FormatOption, new_table, output, print_json
from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect

MONTH_FORMATS = ["%Y-%m"]
MonthOption = Annotated[datetime, typer.Option("--month", formats=MONTH_FORMATS, help="The month, e.g. 2026-10.")]


class CloseAction(StrEnum):
    """A step of a month's close."""

    DRAFT = "draft"
    STATUS = "status"
    SUBMIT = "submit"
    CHECK = "check"
    APPROVE = "approve"
    REFUSE = "refuse"
    CORRECT = "correct"
    EXCEPTIONS = "exceptions"
    ANSWER = "answer"


_STEPS: dict[CloseAction, Action] = {
    CloseAction.SUBMIT: "submitted",
    CloseAction.CHECK: "checked",
    CloseAction.APPROVE: "approved",
    CloseAction.REFUSE: "refused",
}


def close(
    month: MonthOption,
    action: Annotated[CloseAction, typer.Option(help="The step to take.")] = CloseAction.DRAFT,
    person: Annotated[
        str | None,
        typer.Option("--as", help="Your own database login; its password is asked for, or comes from PGPASSWORD."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, of a refusal or a correction; what a center answers.")
    ] = None,
    center: Annotated[str | None, typer.Option(help="correct, exceptions, answer: code of the center.")] = None,
    exception: Annotated[int | None, typer.Option(help="answer: number of the exception.")] = None,
    figure: Annotated[str | None, typer.Option(help="correct: a column of fct_center_monthly.")] = None,
    value: Annotated[str | None, typer.Option(help="correct: what should have stood there; null if not known.")] = None,
    document: Annotated[str | None, typer.Option(help="correct: number of the act that orders it.")] = None,
    correction: Annotated[int | None, typer.Option(help="approve: the correction with this number instead.")] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Close a month: a draft, then maker (submit), checker (check) and approver (approve), three persons.

    The acting person is the login of the database, never a typed name. Drafting an unchanged month returns the
    existing draft.

    Examples:
    - `social-metrics close --month 2026-10`
    - `social-metrics close --month 2026-10 --as ani --action submit`
    - `social-metrics close --month 2026-10 --as sekretaris --action refuse --reason 'Satria belum menjawab'`
    - `social-metrics close --month 2026-10 --action status`
    - `social-metrics close --month 2026-10 --action exceptions --center satria`
    - `social-metrics close --month 2026-10 --as sari --action answer --center satria --exception 12
      --reason 'X tidak dapat dibuka tiga hari'`
    - `social-metrics close --month 2026-10 --as ani --action correct --center kartini --figure posts --value 12
      --reason 'salah hitung' --document BA-7/2026`
    """
    with warehouse(explicit=True) as url:
        own = person_url(url, person)
        first = month_start(month)
        if action is CloseAction.DRAFT:
            if person:
                raise UsageProblem("The service makes the draft; leave --as out. Persons sign it: --action submit.")
            _print(draft_close(load_settings(), url, first), own, output_format)
            return
        with _sealed_after(url, action), connect(own, "closer") as connection:
            if action is CloseAction.STATUS:
                closed = latest_close(connection, first)
                if closed is None:
                    raise UsageProblem(f"{first:%Y-%m} was never drafted: social-metrics close --month {first:%Y-%m}")
                connection.commit()
                _print(closed, own, output_format)
                return
            if action is CloseAction.EXCEPTIONS:
                _print_exceptions(connection, first, center, output_format)
                return
            if action is CloseAction.ANSWER:
                if exception is None or reason is None:
                    raise UsageProblem("An answer needs --exception, and --reason with the center's answer.")
                answer_exceptions(connection, first, {exception: reason}, center_code=center)
                _print_result(
                    output_format, {"exception": exception, "answer": reason}, f"Exception {exception} is answered."
                )
                return
            if action is CloseAction.CORRECT:
                if None in (center, figure, value, reason, document):
                    raise UsageProblem("A correction needs --center, --figure, --value, --reason and --document.")
                number = request_correction(
                    connection,
                    first,
                    center_code=str(center),
                    figure=str(figure),
                    new_value=_parsed(str(value)),
                    reason=str(reason),
                    document_number=str(document),
                )
                _print_result(
                    output_format,
                    {"correction": number},
                    f"Correction {number} waits for another person: --action approve.",
                )
                return
            if action is CloseAction.APPROVE and correction is not None:
                done = approve_correction(connection, correction)
                _print_result(
                    output_format,
                    done,
                    f"Correction {correction} is in force: {done.figure} {done.old_value} → {done.new_value}.",
                )
                return
            act(connection, first, _STEPS[action], reason=reason)
            current = latest_close(connection, first)
        if current:
            _print(current, own, output_format)


@contextmanager
def _sealed_after(url: str, action: CloseAction) -> Iterator[None]:
    """Let the service seal a person's step; where it cannot be used from here, the day's seal covers the step."""
    yield
    if action not in (CloseAction.STATUS, CloseAction.EXCEPTIONS):
        with suppress(UsageProblem):
            seal_now(url)


def month_start(month: datetime) -> date:
    """The first day of a month given on the command line."""
    return month.date().replace(day=1)


def person_url(url: str, person: str | None) -> str:
    """The warehouse's URL with a person's own login; on a terminal the password is prompted for.

    Without an answer, or without a terminal, PGPASSWORD and ~/.pgpass apply.
    """
    if person is None:
        return url
    login = quote(person, safe="")
    if sys.stdin.isatty():
        password = typer.prompt(f"Password of {person}", default="", hide_input=True, show_default=False, err=True)
        login += f":{quote(password, safe='')}" if password else ""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rsplit('@', 1)[-1]}"))


def _print_exceptions(connection: psycopg.Connection, month: date, center: str | None, output_format: Format) -> None:
    current = latest_close(connection, month)
    if current is None:
        raise UsageProblem(f"{month:%Y-%m} has no draft. Make one: social-metrics close --month {month:%Y-%m}")
    exceptions = exceptions_of(connection, month, current.version, center)
    if output_format is Format.JSON:
        print_json(exceptions)
        return
    if not exceptions:
        output().print(f"{month:%Y-%m} version {current.version} has no exceptions{f' of {center}' if center else ''}.")
        return
    title = f"{month:%Y-%m} version {current.version}"
    table = new_table("No", "Center", "Account", "What", "Days", "From", "Until", "Answer", title=title)
    for one in exceptions:
        what = f"{one.kind}: {one.detail}" if one.detail else one.kind
        answer = f"{one.answer} ({one.answered_by})" if one.answer else None
        cells = (one.center_code, one.account_code, what, one.days, one.first_date, one.last_date, answer)
        table.add_row(str(one.exception_no), *("" if cell is None else escape(str(cell)) for cell in cells))
    output().print(table)


def _parsed(value: str) -> Any:
    """A number, true, false or null as such; anything else as text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _print_result(output_format: Format, data: Any, sentence: str) -> None:
    if output_format is Format.JSON:
        print_json(data)
    else:
        output().print(escape(sentence))


def _print(made: Close, url: str, output_format: Format) -> None:
    with connect(url, "closer") as connection:
        steps = steps_of(connection, made)
        rules = stored_rules(connection, made) if output_format is Format.JSON else []
        exceptions = len(exceptions_of(connection, made.month_start, made.version))
        unproven, forged = check_signatures(connection, made)
    status = status_of(steps)
    if output_format is Format.JSON:
        print_json(
            {
                "month": f"{made.month_start:%Y-%m}",
                "status": status,
                **asdict(made),
                "exceptions": exceptions,
                "steps": steps,
                "unproven": unproven,
                "contradicted": forged,
                "inputs": [{"kind": rule.kind, "name": rule.name, "sha256": rule.sha256} for rule in rules],
            }
        )
        return
    console = output()
    console.print(f"{made.month_start:%Y-%m} version {made.version}: {status}", style="bold")
    console.print(f"digest      {made.sha256}")
    console.print(f"rests on    seal {made.seal_no}, code {made.code_version}")
    console.print(f"captured    {made.account_days_captured} of {made.account_days_expected} account days")
    console.print(f"exceptions  {exceptions}")
    if "simulator" in made.sources:
        console.print("source      simulator: no real figures", style="yellow")
    for step in steps:
        console.print(f"{step.action:<11} {escape(step.person)}, {step.acted_at:%Y-%m-%d %H:%M} UTC", highlight=False)
    if unproven:
        console.print(f"signatures not proven: {escape(', '.join(unproven))}", style="yellow", soft_wrap=True)
    for one in forged:
        console.print(f"{escape(one.place)}: {escape(one.message)}", style="red", soft_wrap=True)
