"""Who has answered a form of Airflow's, and how it is put again when the answer cannot be taken."""

from typing import Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from social_metrics.registry.roles import RoleHolder


def responder(answer: Any) -> str:
    """The user name that Airflow authenticated.

    Raises:
        AirflowFailException: Airflow does not say who responded.
    """
    user = answer["responded_by_user"]
    name = user["name"] if isinstance(user, dict) else getattr(user, "name", None)
    if not name:
        raise AirflowFailException("Airflow does not say who responded, so nobody has; clear the task.")
    return str(name)


def assigned(holders: list[RoleHolder]) -> list[dict[str, str]]:
    """The users who may respond, as Airflow wants them; an empty list lets everyone who may respond at all."""
    return [
        {"id": holder.airflow_user_id or holder.person, "name": holder.person} for holder in holders if holder.person
    ]


def ask_again(operator: Any, context: Any) -> NoReturn:
    """Take the answer away and wait for another one to the same form.

    Raises:
        TaskAwaitingInput: always; that is how a task waits.
    """
    upsert_hitl_detail(
        ti_id=context["task_instance"].id,
        options=operator.options,
        subject=operator.subject,
        body=operator.body,
        defaults=operator.defaults,
        multiple=operator.multiple,
        params=operator.serialized_params,
        assigned_users=operator.assigned_users,
    )
    raise TaskAwaitingInput(method_name="execute_complete", timeout=operator.response_timeout)
