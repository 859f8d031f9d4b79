"""Whether the tables that seals and closes rest on are ordinary ones, as the migrations make them.

`record_structure.json` has the catalog of a migrated warehouse: kinds, owners, columns, triggers, functions, rules,
policies, constraints and grants of raw, ops and audit, and the groups within groups. `make rule-digests` renews it.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import psycopg

from social_metrics.audit.chain import Finding

STRUCTURE = Path(__file__).with_name("record_structure.json")
NOT_ORDINARY = "not_ordinary"

_PARTITION = re.compile(r"^(raw\.\w+)_\d{6}$")

_CATALOG = """
with owner as (select datdba as oid from pg_database where datname = current_database()),
roles as (
    select oid, case when oid = (select owner.oid from owner) then '<owner>' else rolname end as name from pg_roles
    union all select 0, 'public'
),
schemas as (select * from pg_namespace where nspname in ('raw', 'ops', 'audit')),
relations as (
    select c.*, format('%s.%s', n.nspname, c.relname) as object
    from pg_class as c join schemas as n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f')
),
functions as (
    select p.*, format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as object
    from pg_proc as p join schemas as n on n.oid = p.pronamespace
)
select object, format('kind %s %s of %s, row security %s %s', relkind, relpersistence, roles.name, relrowsecurity,
    relforcerowsecurity)
from relations join roles on roles.oid = relowner
union all
select object, format('column %s %s, not null %s, default %s%s%s', attname, format_type(atttypid, atttypmod),
    attnotnull, pg_get_expr(adbin, adrelid), attgenerated, attidentity)
from relations join pg_attribute on attrelid = relations.oid
left join pg_attrdef on (adrelid, adnum) = (attrelid, attnum)
where attnum > 0 and not attisdropped
union all
select object, format('trigger %s, enabled %s: %s', tgname, tgenabled,
    regexp_replace(pg_get_triggerdef(pg_trigger.oid), '^CREATE (.*) ON [a-z]+[.][a-z0-9_]+ ', '\\1 '))
from relations join pg_trigger on tgrelid = relations.oid where not tgisinternal
union all
select object, format('rows of %s', inhrelid::regclass)
from pg_inherits join relations on relations.oid = inhparent join pg_class as child on child.oid = inhrelid
where not child.relispartition or child.relnamespace <> relations.relnamespace
union all
select object, 'a foreign key without its trigger'
from relations join pg_trigger on tgrelid = relations.oid where tgisinternal and tgenabled <> 'O'
union all
select object, format('rule %s', rulename)
from relations join pg_rewrite on ev_class = relations.oid where rulename <> '_RETURN'
union all
select object, format('policy %s', polname) from relations join pg_policy on polrelid = relations.oid
union all
select object, format('constraint %s: %s', conname, pg_get_constraintdef(pg_constraint.oid))
from relations join pg_constraint on conrelid = relations.oid
where contype in ('c', 'f', 'p', 'u') and not relispartition
union all
select object, format('unique: %s', regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''))
from relations join pg_index on indrelid = relations.oid where indisunique and indisvalid and not relispartition
union all
select object, format('%s granted to %s', lower(privilege_type), roles.name)
from relations cross join aclexplode(relacl) as a join roles on roles.oid = a.grantee where a.grantee <> relowner
union all
select object, format('%s (%s) granted to %s', lower(privilege_type), attname, roles.name)
from relations join pg_attribute on attrelid = relations.oid cross join aclexplode(attacl) as a
join roles on roles.oid = a.grantee
union all
select object, format('function of %s, definer %s, %s, %s', roles.name, prosecdef, proconfig,
    encode(sha256(convert_to(coalesce(nullif(prosrc, ''), pg_get_functiondef(functions.oid)), 'UTF8')), 'hex'))
from functions join roles on roles.oid = proowner
union all
select object, format('execute granted to %s', roles.name)
from functions cross join aclexplode(coalesce(proacl, acldefault('f', proowner))) as a
join roles on roles.oid = a.grantee where a.grantee <> proowner
union all
select nspname, format('schema of %s', roles.name) from schemas join roles on roles.oid = nspowner
union all
select nspname, format('%s granted to %s', lower(privilege_type), roles.name)
from schemas cross join aclexplode(nspacl) as a join roles on roles.oid = a.grantee where a.grantee <> nspowner
union all
select member.rolname, format('member of %s', held.rolname)
from pg_auth_members as m join pg_roles as member on member.oid = m.member join pg_roles as held on held.oid = m.roleid
where member.rolname like 'social\\_metrics\\_%' and not member.rolcanlogin
union all
select nspname, format('default of %s: %s granted to %s', owners.name, lower(privilege_type), roles.name)
from pg_default_acl join schemas on schemas.oid = defaclnamespace join roles as owners on owners.oid = defaclrole
cross join aclexplode(defaclacl) as a join roles on roles.oid = a.grantee
union all
select rolname, 'a group with a right of the whole server' from pg_roles
where rolname like 'social\\_metrics\\_%' and not rolcanlogin
    and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
"""


def structure_of(connection: psycopg.Connection) -> dict[str, set[str]]:
    """What the catalog says of each table, function, schema and group."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, line in connection.execute(_CATALOG):
        found[name].add(line)
    return found


def check_structure(connection: psycopg.Connection) -> Iterable[Finding]:
    """A finding for each object that is not what the migrations make of it.

    Args:
        connection: as any role; the catalog is readable by all.
    """
    expected = {name: set(lines) for name, lines in json.loads(STRUCTURE.read_text(encoding="utf-8")).items()}
    present = structure_of(connection)
    for name in sorted(expected.keys() | present.keys()):
        lines = present.get(name, set())
        wanted = expected.get(_PARTITION.sub(r"\1_000000", name), set())
        if not lines and _PARTITION.match(name):
            continue  # the pattern itself: a month's partition that is lacking is found by its rows
        for line in sorted(lines - wanted):
            yield Finding(NOT_ORDINARY, name, f"unexpected: {line}")
        for line in sorted(wanted - lines):
            yield Finding(NOT_ORDINARY, name, f"missing: {line}")
