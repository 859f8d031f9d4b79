"""Answers of the centers to the exceptions of a draft, before the maker submits it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from social_metrics.audit.closing import Channel
from social_metrics.audit.figure_names import current_value
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.errors import UsageProblem

MAX_CHARACTERS = 2000


class UnusableAnswer(UsageProblem):
    """The text of the answer is not acceptable; another text is."""


@dataclass(frozen=True)
class AskedException:
    """An exception of a version with the last answer to it, or the last one to the same in an earlier version."""

    exception_no: int
    center_code: str
    account_code: str | None
    kind: str
    detail: str | None
    days: int | None
    first_date: date | None
    last_date: date | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    earlier_answer: str | None


_EXCEPTIONS = """
select asked.exception_no, asked.center_code, asked.account_code, asked.kind, asked.detail, asked.days,
    asked.first_date, asked.last_date, given.answer, given.person as answered_by, given.answered_at,
    earlier.answer as earlier_answer
from audit.exceptions as asked
left join lateral (
    select answer, person, answered_at from audit.exception_answers as a
    where (a.month_start, a.version, a.exception_no) = (asked.month_start, asked.version, asked.exception_no)
        and coalesce((
            select seal_no from audit.sealed_rows where table_name = 'audit.exception_answers' and row_key
                = jsonb_build_array(to_char(a.month_start, 'YYYY-MM-DD'), a.version::text, a.exception_no::text,
                    a.answer_no::text)::text
        ), 2147483647) <= coalesce((
            select seal_no from audit.sealed_rows where table_name = 'audit.approvals' and row_key
                = jsonb_build_array(to_char(a.month_start, 'YYYY-MM-DD'), a.version::text, 'approved')::text
        ), 2147483647)
    order by answer_no desc limit 1
) as given on true
left join lateral (
    select a.answer
    from audit.exceptions as same
    join audit.exception_answers as a using (month_start, version, exception_no)
    where same.month_start = asked.month_start and same.version < asked.version
        and (same.center_code, same.kind) = (asked.center_code, asked.kind)
        and (same.account_code, same.detail) is not distinct from (asked.account_code, asked.detail)
    order by same.version desc, a.answer_no desc limit 1
) as earlier on true
where asked.month_start = %(month)s and asked.version = %(version)s
    and (%(center)s::text is null or asked.center_code = %(center)s)
order by asked.exception_no
"""


def exceptions_of(
    connection: psycopg.Connection, month_start: date, version: int, center_code: str | None = None
) -> list[AskedException]:
    """The exceptions of a version with their answers, of one center or of all, in their order.

    An answer that was sealed later than the approval counts for nothing: reports of the month never change.
    """
    with connection.transaction(), connection.cursor(row_factory=class_row(AskedException)) as cursor:
        found = cursor.execute(
            _EXCEPTIONS, {"month": month_start, "version": version, "center": center_code}
        ).fetchall()
    return [replace(one, detail=current_value(one.detail)) for one in found]


def answer_exceptions(
    connection: psycopg.Connection,
    month_start: date,
    answers: dict[int, str],
    *,
    center_code: str | None = None,
    version: int | None = None,
    person: str | None = None,
    channel: Channel = "command_line",
    response_id: UUID | None = None,
) -> None:
    """Record a center's answers to exceptions of the newest draft; earlier answers are kept.

    Args:
        connection: the person's own, as the role closer, no transaction open.
        month_start: first day of the month.
        answers: exception number → answer.
        center_code: refuse exceptions of any other center.
        version: refuse when another version is the newest by now.
        person: whom Airflow authenticated; None is the login of the connection.
        channel: where the person was authenticated.
        response_id: of the answer in Airflow's own record.

    Raises:
        UnusableAnswer: an answer is blank or too long.
        UsageProblem: there is no draft, it went on already, or there is no such exception.
    """
    with connection.transaction():
        close = latest_close(connection, month_start)
        if close is None:
            raise UsageProblem(f"{month_start:%Y-%m} has no draft. Make one: social-metrics close --month …")
        name = f"{month_start:%Y-%m} version {close.version}"
        if version not in (None, close.version):
            raise UsageProblem(f"{name} is the newest by now; an answer to version {version} comes too late.")
        status = status_of(steps_of(connection, close))
        if status != "draft":
            raise UsageProblem(f"{name} is {status}; the centers answer before the maker submits.")
        known = {one.exception_no: one for one in exceptions_of(connection, month_start, close.version, center_code)}
        for number, answer in answers.items():
            if number not in known:
                whose = f" of {center_code}" if center_code else ""
                raise UsageProblem(f"{name} has no exception {number}{whose}; --action exceptions lists them.")
            if not answer.strip() or len(answer) > MAX_CHARACTERS or "\0" in answer:
                raise UnusableAnswer(
                    f"The answer to exception {number} needs 1 to {MAX_CHARACTERS} characters of text."
                )
            connection.execute(
                "insert into audit.exception_answers "
                "(month_start, version, exception_no, answer, person, login, channel, response_id) values (%(month)s, "
                "%(version)s, %(number)s, %(answer)s, coalesce(%(person)s::text, session_user::text), session_user, "
                "%(channel)s, %(response)s)",
                {
                    "month": month_start,
                    "version": close.version,
                    "number": number,
                    "answer": answer.strip(),
                    "person": person,
                    "channel": channel,
                    "response": response_id,
                },
            )
