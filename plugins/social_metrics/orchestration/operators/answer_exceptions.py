"""A center answers the exceptions of its month: one form per center, one field per exception."""

from datetime import date, datetime, time, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError

from social_metrics.audit.answers import (
    MAX_CHARACTERS,
    AskedException,
    UnusableAnswer,
    answer_exceptions,
    exceptions_of,
)
from social_metrics.audit.closing import seal_now
from social_metrics.clock import WIB, utc_now
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.drafted_version import load_if_newest
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.forms import ask_again, assigned_users, responder_name, response_id
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.close_texts import exception_line
from social_metrics.plain_text import printable
from social_metrics.publish.page.formats import long_date
from social_metrics.registry.roles import holders_of, load_roles
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import WarehouseProblem, connect

SEND, NO_ANSWER = "Kirim jawaban", "Tanpa keterangan"


class AnswerExceptionsOperator(HITLOperator):
    """Ask a center about the exceptions of its month; record its answers under the responder's user name.

    Args:
        center_code: of the center. Its officers in roles.csv may respond; without any, every permitted user.
        close: the version, from `draft_month`.
    """

    template_fields = ("subject", "body", "center_code", "close")

    def __init__(self, *, center_code: str, close: Any, **kwargs: Any) -> None:
        super().__init__(subject="Catatan bulanan sentra", options=[SEND, NO_ANSWER], defaults=NO_ANSWER, **kwargs)
        self.center_code = center_code
        self.close = close

    def execute(self, context: Any) -> Any:
        """Show the form and wait.

        Raises:
            AirflowSkipException: the working days have passed, or there is a newer version.
        """
        with translate_errors():
            settings = load_settings()
            exceptions = self._exceptions()
            with connect(WarehouseHook().url(), "closer") as connection:
                version = load_if_newest(connection, self.close)
            officers = holders_of(load_roles(settings.registry_dir), "center_officer", self.center_code)
        until = datetime.fromisoformat(self.close["answer_until"])
        if until <= utc_now():
            raise AirflowSkipException(f"The time for answers ended at {until}.")
        if version is None:
            raise AirflowSkipException("The month has a newer version, whose run asks again.")
        month = date.fromisoformat(self.close["month"])
        self.response_timeout = until - utc_now()
        self.assigned_users = assigned_users(officers)
        self.subject = f"Catatan {month:%m-%Y}, {self.center_code}: {len(exceptions)} butir"
        self.body = "\n".join(
            [
                f"Bulan {month:%m-%Y} akan ditutup (versi {self.close['version']}). Jawab butir yang dapat dijelaskan; "
                f"yang kosong tetap tanpa jawaban. Batas waktu: {_deadline(until)}.",
                "",
                *(f"{one.exception_no}. {exception_line(one)}" for one in exceptions),
                "",
                f"Sidik jari (digest): `{version.sha256}`",
            ]
        )
        self.params = _fields(exceptions)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Record the answers; ask again when the record rejects one."""
        with translate_errors():
            self.params = _fields(self._exceptions())
        try:
            answer = super().execute_complete(context, event)
        except ParamValidationError as problem:
            self.log.error("%s Asked again.", problem)
            ask_again(self, context)
        given = {int(number): str(text) for number, text in answer["params_input"].items() if str(text or "").strip()}
        if event.get("timedout") or answer["chosen_options"] != [SEND] or not given:
            self.log.info("%s: no answer%s", self.center_code, ", the time is over" if event.get("timedout") else "")
            return {"center": self.center_code, "answers": 0}
        name = responder_name(answer)
        with translate_errors(), connect(WarehouseHook().url(), "closer") as connection:
            try:
                answer_exceptions(
                    connection,
                    date.fromisoformat(self.close["month"]),
                    given,
                    center_code=self.center_code,
                    version=self.close["version"],
                    person=name,
                    channel="airflow",
                    response_id=response_id(context),
                )
            except WarehouseProblem:
                raise
            except UnusableAnswer as problem:
                self.log.error("%s Asked again.", problem)
                ask_again(self, context)
            except UsageProblem as problem:
                self.log.warning("%s", problem)
                return {"center": self.center_code, "answers": 0, "too_late": str(problem)}
        with translate_errors():
            seal_now(WarehouseHook().url())
        self.log.info("%s: %d answers by %s", self.center_code, len(given), name)
        return {"center": self.center_code, "answers": len(given), "person": name}

    def _exceptions(self) -> list[AskedException]:
        with connect(WarehouseHook().url(), "closer") as connection:
            month = date.fromisoformat(self.close["month"])
            return exceptions_of(connection, month, self.close["version"], self.center_code)


def _deadline(until: datetime) -> str:
    """The instant in an office's wording: midnight ends the day before."""
    local = until.astimezone(WIB)
    if local.time() == time(0):
        return f"{long_date(local.date() - timedelta(days=1), 'id')} pukul 24.00 WIB"
    return f"{long_date(local.date(), 'id')} pukul {local:%H.%M} WIB"


def _fields(exceptions: list[AskedException]) -> ParamsDict:
    """One text field per exception, filled with the answer to the same exception in an earlier version."""
    return ParamsDict(
        {
            str(one.exception_no): Param(
                printable(one.earlier_answer) if one.earlier_answer else None,
                type=["null", "string"],
                maxLength=MAX_CHARACTERS,
                title=f"Butir {one.exception_no}",
                description=exception_line(one),
            )
            for one in exceptions
        }
    )
