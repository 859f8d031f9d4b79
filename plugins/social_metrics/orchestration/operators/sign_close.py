"""The signatures of maker, checker and approver: a form each, recorded under the responder's name."""

from typing import Any, Literal

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.audit.answers import exceptions_of
from social_metrics.audit.closing import Action, RecordAltered, act, seal_now
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.errors import UsageProblem
from social_metrics.orchestration.drafted_version import load_if_newest, month_of_version
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.forms import ask_again, assigned_users, responder_name, response_id, strip_markup
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.close_texts import month_summary
from social_metrics.registry.roles import holders_of, load_roles
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import WarehouseProblem, connect

SUBMIT, AGAIN = "Ajukan", "Susun ulang"
AGREE, REFUSE = "Setuju", "Tolak"

Signing = Literal["submitted", "checked", "approved"]

_STATUS_NEEDED: dict[Signing, str] = {"submitted": "draft", "checked": "submitted", "approved": "checked"}
_ROLE: dict[Signing, tuple[str, str, str]] = {
    "submitted": ("maker", "Pengajuan", "tim data"),
    "checked": ("checker", "Pemeriksaan", "tim humas"),
    "approved": ("approver", "Pengesahan", "sekretaris direktorat jenderal"),
}


class SignCloseOperator(HITLOperator):
    """Ask for one of the three signatures under a version; record it under the responder's user name.

    When the record rejects a signature (the same person twice, a refusal without a reason), the form is shown again.
    A step that was meanwhile taken on the command line is returned.

    Args:
        action: submitted, checked or approved.
        close: the version, from `draft_month`.
    """

    template_fields = ("subject", "body", "close")

    def __init__(self, *, action: Signing, close: Any, **kwargs: Any) -> None:
        first = action == "submitted"
        reason = Param(None, type=["null", "string"], title="Alasan", description="Wajib diisi bila menolak.")
        super().__init__(
            subject=_ROLE[action][1],
            options=[SUBMIT, AGAIN] if first else [AGREE, REFUSE],
            **kwargs,
        )
        # Not through the constructor: it merges the DAG's own parameters.
        self.params = ParamsDict({} if first else {"alasan": reason})
        self.action = action
        self.close = close

    def execute(self, context: Any) -> Any:
        """Show the form and wait, unless the step was already taken.

        Raises:
            AirflowSkipException: the version no longer reaches this step.
        """
        with translate_errors():
            done = self._taken()
            if done:
                return done
            month = month_of_version(self.close)
            role, what, office = _ROLE[self.action]
            with connect(WarehouseHook().url(), "closer") as connection:
                close = latest_close(connection, month)
                if close is None:  # _taken has checked
                    raise UsageProblem(f"{month:%Y-%m} has no draft any more.")
                steps = steps_of(connection, close)
                exceptions = exceptions_of(connection, month, close.version)
            self.assigned_users = assigned_users(holders_of(load_roles(load_settings().registry_dir), role))
        signed = ", ".join(strip_markup(step.person) for step in steps)
        others = [f"**{signed}** sudah menandatangani versi ini: jawaban mereka ditolak dan formulir ini muncul lagi."]
        self.subject = f"{what} penutupan {month:%m-%Y} versi {close.version}"
        self.body = "\n".join(
            [
                f"Dijawab oleh {office}. Pengaju, pemeriksa, dan pengesah adalah tiga orang yang berbeda.",
                *(others if signed else []),
                *([] if self.action == "submitted" else ["Menolak memerlukan alasan; versi ini tetap dapat dibaca."]),
                "",
                month_summary(close, exceptions, steps),
            ]
        )
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Record the signature, or ask again.

        Raises:
            TaskAwaitingInput: the record rejects the answer.
            AirflowFailException: the record was altered since the draft.
        """
        answer = super().execute_complete(context, event)
        chosen = answer["chosen_options"]
        if chosen == [AGAIN]:
            return {"decision": "again", "person": responder_name(answer)}
        action: Action = "refused" if chosen == [REFUSE] else self.action
        name = responder_name(answer)
        with translate_errors():
            done = self._taken()  # on the command line, while the form stood open
            if done:
                return done
            with connect(WarehouseHook().url(), "closer") as connection:
                try:
                    act(
                        connection,
                        month_of_version(self.close),
                        action,
                        person=name,
                        channel="airflow",
                        response_id=response_id(context),
                        reason=str(answer["params_input"].get("alasan") or "").strip() or None,
                    )
                except (WarehouseProblem, RecordAltered):
                    raise
                except UsageProblem as problem:
                    self.log.error("%s Asked again.", problem)
                    ask_again(self, context)
            seal_now(WarehouseHook().url())
        self.log.info("%s version %s %s by %s", self.close["month"][:7], self.close["version"], action, name)
        return {"decision": action, "person": name}

    def _taken(self) -> dict[str, Any] | None:
        """The step that was already taken; None while it is due."""
        month = month_of_version(self.close)
        with connect(WarehouseHook().url(), "closer") as connection:
            close = load_if_newest(connection, self.close)
            if close is None:
                raise AirflowSkipException(f"{month:%Y-%m} has another version now.")
            steps = steps_of(connection, close)
        status = status_of(steps)
        for step in steps:
            if step.action in (self.action, "refused"):
                return {"decision": step.action, "person": step.person}
        if status != _STATUS_NEEDED[self.action]:
            raise AirflowSkipException(f"{month:%Y-%m} version {close.version} is {status}: nothing to sign here.")
        return None
