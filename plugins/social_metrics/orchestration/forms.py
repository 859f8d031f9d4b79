"""Airflow's forms (human in the loop): who may respond, who did, plain text inside, and asking again."""

from typing import Any, NoReturn
from uuid import UUID

from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from social_metrics.plain_text import printable
from social_metrics.registry.roles import RoleHolder


def responder_name(answer: Any) -> str:
    """The user name that Airflow authenticated.

    Raises:
        AirflowFailException: Airflow does not say who responded.
    """
    user = answer["responded_by_user"]
    name = user["name"] if isinstance(user, dict) else getattr(user, "name", None)
    if not name:
        raise AirflowFailException("Airflow does not say who responded: the answer was not recorded. Clear the task.")
    return str(name)


def response_id(context: Any) -> UUID:
    """The id of the answer in Airflow's own record (hitl_detail): that of the form's task instance."""
    return UUID(str(context["task_instance"].id))


def assigned_users(holders: list[RoleHolder]) -> list[dict[str, str]]:
    """The users who may respond, in Airflow's form; with an empty list every user with the permission may."""
    return [
        {"id": holder.airflow_user_id or holder.person, "name": holder.person} for holder in holders if holder.person
    ]


def ask_again(operator: Any, context: Any) -> NoReturn:
    """Discard the answer and wait for another one to the same form.

    Raises:
        TaskAwaitingInput: always; a task waits by raising it.
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


def strip_markup(text: str) -> str:
    """Text of a person or a platform for a form's Markdown: markup becomes spaces, nothing is unseen."""
    return "".join(mark if mark not in "|<>[]*_`\\\n" else " " for mark in printable(text))
