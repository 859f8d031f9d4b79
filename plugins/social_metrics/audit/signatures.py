"""Whether a signature proves its person: her own database login, or Airflow's own record of her answer.

A login that no task holds copies the answers from Airflow's database (`copy_answers`, docs/adr/0028): the service login
writes signatures for the users of Airflow, and could otherwise write any.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from social_metrics.audit.chain import AUDIT_ALTERED, Finding
from social_metrics.audit.record import Close
from social_metrics.registry.persons import canonical_person
from social_metrics.warehouse.connect import open_connection

DAGS = ("close_month", "ingest_manual_entries")
"""Their forms decide on figures."""

_ANSWERS = """
with answers as (
    select details.ti_id as response_id, details.responded_at, instances.dag_id, instances.run_id, instances.task_id,
        instances.map_index, details.responded_by::jsonb as person, details.chosen_options::jsonb as options,
        details.params_input::jsonb as params_input, details.subject, details.body
    from public.hitl_detail as details join public.task_instance as instances on instances.id = details.ti_id
    union all
    select details.ti_history_id, details.responded_at, instances.dag_id, instances.run_id, instances.task_id,
        instances.map_index, details.responded_by::jsonb, details.chosen_options::jsonb,
        details.params_input::jsonb, details.subject, details.body
    from public.hitl_detail_history as details
    join public.task_instance_history as instances on instances.task_instance_id = details.ti_history_id
)
select response_id, responded_at, dag_id, run_id, task_id, map_index, person ->> 'id', person ->> 'name',
    array(select jsonb_array_elements_text(options)), coalesce(params_input, '{}')::text, subject, coalesce(body, '')
from answers
where dag_id = any(%s) and responded_at is not null and jsonb_typeof(person) = 'object'
    and jsonb_typeof(options) = 'array'
order by responded_at
"""

_COPY = """
insert into audit.airflow_responses (response_id, responded_at, dag_id, run_id, task_id, map_index, user_id, person,
    chosen_options, params_input, subject, body, copied_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, session_user)
on conflict do nothing
"""

# The form of a step shows the digest, that of an answer its text as well, a confirmation the entries: each binds what
# was signed. An answer proves one row. No form asks for corrections, so nothing proves those in a user's name. The two
# servers' clocks may differ by five minutes.
_SIGNED_IN_AIRFLOW = """
select format('%%s by %%s', step.action, step.person) as what, step.person,
    given.response_id is not null as is_copied, given.person as copied_person, given.copied_by,
    given.dag_id = 'close_month' and position(%(digest)s in given.body) > 0
        and given.responded_at <= step.acted_at + interval '5 minutes'
        and case step.action
            when 'submitted' then given.task_id = 'submit' and given.chosen_options = '{Ajukan}'
            when 'checked' then given.task_id = 'check' and given.chosen_options = '{Setuju}'
            when 'approved' then given.task_id = 'approve' and given.chosen_options = '{Setuju}'
            else given.task_id in ('check', 'approve') and given.chosen_options = '{Tolak}'
                and btrim(given.params_input ->> 'alasan') = step.reason end as is_same
from audit.approvals as step left join audit.airflow_responses as given using (response_id)
where (step.month_start, step.version) = (%(month)s, %(version)s) and step.channel = 'airflow'
union all
select format('answer %%s to exception %%s by %%s', answer_no, exception_no, answer.person), answer.person,
    given.response_id is not null, given.person, given.copied_by,
    given.dag_id = 'close_month' and given.task_id = 'answer_exceptions' and given.chosen_options = '{Kirim jawaban}'
        and position(%(digest)s in given.body) > 0
        and not exists (
            select from audit.exception_answers as earlier
            where (earlier.month_start, earlier.version, earlier.exception_no, earlier.response_id)
                = (answer.month_start, answer.version, answer.exception_no, answer.response_id)
                and earlier.answer_no < answer.answer_no)
        and btrim(given.params_input ->> answer.exception_no::text, E' \\n\\r\\t') = answer.answer
from audit.exception_answers as answer left join audit.airflow_responses as given using (response_id)
where (answer.month_start, answer.version) = (%(month)s, %(version)s) and answer.channel = 'airflow'
union all
select format('correction %%s requested by %%s', correction_no, requester), requester, false, null, null, false
from audit.correction_requests where (month_start, version) = (%(month)s, %(version)s) and channel = 'airflow'
union all
select format('correction %%s approved by %%s', correction_no, approver), approver, false, null, null, false
from audit.corrections join audit.correction_requests as request using (correction_no)
where (month_start, version) = (%(month)s, %(version)s) and corrections.channel = 'airflow'
union all
select format('%%s/%%s/%%s %%s by %%s', account_code, as_of_date, version, decision, confirmed_by), confirmed_by,
    given.response_id is not null, given.person, given.copied_by,
    given.chosen_options = array[case decision when 'confirmed' then 'Konfirmasi' else 'Tolak' end]
from raw.manual_confirmations
left join audit.airflow_responses as given on given.dag_id = 'ingest_manual_entries'
    and position(format('| %%s/%%s/%%s |', account_code, as_of_date, version) in given.body) > 0
where confirmed_through = 'airflow' and as_of_date >= %(month)s and as_of_date < %(month)s + interval '1 month'
"""


def copy_answers(airflow_url: str, notary_url: str) -> int:
    """Copy the answers to forms that the record does not hold yet; return how many.

    Args:
        airflow_url: postgresql://… of a login that reads `hitl_detail`, `task_instance` and their histories.
        notary_url: postgresql://… of the warehouse, as a login of the group social_metrics_notary.

    Raises:
        WarehouseProblem: a database does not respond, or refuses the login.
    """
    with open_connection(airflow_url) as airflow, open_connection(notary_url) as warehouse:
        answers = airflow.execute(_ANSWERS, (list(DAGS),)).fetchall()
        with warehouse.cursor() as cursor:
            cursor.executemany(_COPY, answers)
            return max(cursor.rowcount, 0)


def check_signatures(connection: psycopg.Connection, close: Close) -> tuple[list[str], list[Finding]]:
    """The acts in Airflow that nothing proves, and those that Airflow's own record contradicts.

    Args:
        connection: as the role closer.
        close: whose steps, answers and confirmed entries are checked.
    """
    wanted = {"month": close.month_start, "version": close.version, "digest": close.sha256}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SIGNED_IN_AIRFLOW, wanted).fetchall()
    signers = {canonical_person(row["person"]) for row in rows}
    unproven, findings = [], []
    for what in sorted({row["what"] for row in rows}):
        copies = [row for row in rows if row["what"] == what and row["is_copied"]]
        if not copies:
            unproven.append(what)
        elif not any(_proves(row, signers) for row in copies):
            place = f"{close.month_start:%Y-%m} version {close.version}: {what}"
            findings.append(Finding(AUDIT_ALTERED, place, f"Airflow's own record has {_names(copies)}"))
    return unproven, findings


def _proves(row: dict[str, Any], signers: set[str]) -> bool:
    is_hers = canonical_person(row["copied_person"]) == canonical_person(row["person"])
    return is_hers and bool(row["is_same"]) and canonical_person(row["copied_by"]) not in signers


def _names(copies: Iterable[dict[str, Any]]) -> str:
    return ", ".join(
        f"an answer of {row['copied_person']}{'' if row['is_same'] else ' to something else'}, copied by "
        f"{row['copied_by']}"
        for row in copies
    )
