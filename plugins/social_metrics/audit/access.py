"""Logins with access to the warehouse: each change is recorded with a seal, and a close lists a whole month."""

from datetime import date
from typing import Any

import psycopg

# Groups that a login holds through another group count as well. The owner of the database and a superuser need none.
_PRESENT = """
with recursive membership(member, role) as (
    select m.member, m.roleid from pg_auth_members as m
    union
    select membership.member, m.roleid from membership join pg_auth_members as m on m.member = membership.role
)
select coalesce(jsonb_agg(jsonb_build_object('login', login, 'groups', groups, 'is_superuser', is_superuser)
    order by login), '[]') as access
from (
    select person.rolname as login, bool_or(person.rolsuper) as is_superuser,
        to_jsonb(array_agg(groups.rolname order by groups.rolname) filter (where groups.rolname is not null)) as groups
    from pg_roles as person
    left join membership on membership.member = person.oid
    left join pg_roles as groups on groups.oid = membership.role and groups.rolname like 'social\\_metrics\\_%'
    where person.rolcanlogin and (person.rolsuper or groups.rolname is not null
        or person.oid = (select datdba from pg_database where datname = current_database()))
    group by person.rolname
) as logins
"""

_NOTE = f"""
insert into audit.access_lists (access)
select access from ({_PRESENT}) as present
where access is distinct from (select access from audit.access_lists order by list_no desc limit 1)
"""  # noqa: S608

# A list is valid until the next one. The list in force when the month began counts, and every later one: the month
# could be altered until it was closed.
_OF_MONTH = """
select coalesce(jsonb_agg(jsonb_build_object('login', login, 'groups', groups, 'is_superuser', is_superuser,
    'noted_from', noted_from, 'noted_until', noted_until) order by login, noted_from), '[]')
from (
    select login, groups, is_superuser, min(noted_at) as noted_from,
        case when bool_or(until is null) then null else max(until) end as noted_until
    from (
        select list_no, noted_at, access, lead(noted_at) over (order by list_no) as until from audit.access_lists
    ) as lists, jsonb_to_recordset(access) as entry (login text, groups jsonb, is_superuser boolean)
    where until is null or until > %s::date::timestamp at time zone 'Asia/Jakarta'
    group by login, groups, is_superuser
) as spans
"""


def note_access(connection: psycopg.Connection) -> None:
    """Record the logins with access if they have changed since the last list; every seal does so.

    Args:
        connection: as the role closer, within `seals.sealing`.
    """
    connection.execute(_NOTE)


def access_of_month(connection: psycopg.Connection, month_start: date) -> list[dict[str, Any]]:
    """Every login that had access from a month's first WIB day until now, as recorded with the nightly seals.

    Args:
        connection: as the role closer.
        month_start: first day of the month.

    Returns:
        `login`, `groups` (None: the owner of the database, or a superuser), `is_superuser`, `noted_from` and
        `noted_until` (ISO 8601 instants; None: still) for each login and set of groups.
    """
    spans: list[dict[str, Any]] = next(iter(connection.execute(_OF_MONTH, (month_start,))))[0]
    return spans
