"""Verifies a closed month: the chain, the record, and the recomputed month; each difference with place and reason.

Nothing stored is trusted to run: rules whose digest does not hold, or that no release and no noted version knows, are
findings and not executed; the others run as a login that can only read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.chain import AUDIT_ALTERED, LATE, RAW_ALTERED, Finding, Walk, walk_chain
from social_metrics.audit.figure_names import current_figures
from social_metrics.audit.log.anchors import Anchor, compare
from social_metrics.audit.log.entries import read_log
from social_metrics.audit.recompute import rebuild, rows_of_month, scratch, with_column_types
from social_metrics.audit.record import RULES, Close, broken_digests, closes_of, status_of, steps_of, stored_rules
from social_metrics.audit.release_rules import unknown_rules
from social_metrics.audit.rules import MARTS_OF_A_MONTH, Rule, rules_in_force
from social_metrics.audit.signatures import check_signatures
from social_metrics.audit.structure import check_structure
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.recompute_login import recompute_connection

PURGED = "purged_by_policy"
REGISTRY_CHANGED = "registry_changed"
RULE_CHANGED = "rule_changed"
RULES_UNKNOWN = "rules_unknown"
NOT_COMPUTED = "not_computed"

NOT_EVIDENCE = ("ops.purged_rows", "ops.purges", "ops.revocations", "ops.rule_versions")
"""Sealed tables of ops of which no figure is made."""

WITHOUT_COUNTS = ("fct_capture_completeness", "leaderboard_recency")
"""Marts of which no figure is made of counts, so that no purge explains a difference."""

AS_IS = "_as_is"
"""Suffix of figures that change with later evidence; they are closed as of the close."""


@dataclass(frozen=True)
class Difference:
    """A figure that is not the closed one; `reason` is one of the kinds of findings, LATE or a change of rules."""

    center_code: str | None
    account_code: str | None
    mart: str
    row_key: str
    figure: str  # "" for a row that only one side has
    closed: Any
    computed: Any
    reason: str


@dataclass(frozen=True)
class Purge:
    """The month's evidence that retention has purged, by reason: rows, and first and last instant (UTC)."""

    table_name: str
    field: str
    platform: str
    authorization_mode: str | None
    reason: str
    account_code: str | None
    row_count: int
    first_purged_at: datetime
    last_purged_at: datetime


@dataclass(frozen=True)
class Verification:
    """The result of verifying one version.

    `altered` are the figures in which the stored rules over the sealed evidence differ from the record; `purged` those
    that cannot be computed any more, because retention has purged their evidence, which `purges` lists;
    `changed_since` those in which today's evidence or rules would give another one, which a closed month ignores. All
    are empty when the stored rules were not executed, which is a finding.
    """

    close: Close
    status: str
    walk: Walk
    findings: tuple[Finding, ...]
    altered: tuple[Difference, ...]
    purged: tuple[Difference, ...]
    purges: tuple[Purge, ...]
    changed_since: tuple[Difference, ...]
    late_rows: dict[str, int] = field(default_factory=dict)  # by table: sealed or loaded after the close
    unproven: tuple[str, ...] = ()  # acts in Airflow of which the record holds no copy of Airflow's own record
    anchored: tuple[str, ...] = ()  # what the anchors prove
    changed_rules: tuple[str, ...] = ()  # registry files and models that are not those of the close

    @property
    def holds(self) -> bool:
        """True when record and evidence are unchanged since the close and the recomputed month is identical.

        Evidence purged by policy, with the record and hashes of each loss, is no alteration.
        """
        return not self.findings and not self.altered


def verify_month(
    settings: Settings,
    service_url: str,
    month_start: date,
    *,
    now: datetime,
    version: int | None = None,
    digest: str | None = None,
    anchors: Sequence[Anchor] = (),
) -> Verification:
    """Check the chain and the record, recompute the month in temporary tables, and compare row by row.

    Args:
        settings: where today's dbt project and registry are.
        service_url: postgresql://… of the service login.
        month_start: first day of the month.
        now: the aware instant at which evidence counts as expired.
        version: which version; None takes the one that `digest` names, or the newest.
        digest: the digest printed on a report, or at least its first 12 characters.
        anchors: heads of the log of seals that were kept outside of the warehouse.

    Raises:
        UsageProblem: the month was never closed, or no version has that digest.
    """
    rules_now: list[Rule] = []
    problems = []  # of today's project, which is no part of the closed month
    try:
        rules_now = rules_in_force(settings, service_url)
    except UsageProblem as problem:
        problems.append(str(problem))
    with connect(service_url, "closer") as connection:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            close = _chosen(connection, month_start, version, digest)
            walk = walk_chain(connection, now)
            anchored = compare(read_log(connection), anchors)
            broken = broken_digests(connection, close)
            rules = stored_rules(connection, close)
            unproven, forged = check_signatures(connection, close)
            findings = [*walk.findings, *check_structure(connection), *anchored.findings]
            findings += [*_of_record(connection, close, broken), *_of_rules(connection, close, rules)]
            findings += forged
            record = _closed_rows(connection, close)
            status = status_of(steps_of(connection, close))
            late_rows = _late_rows(connection, close)
            tainted = _purged_accounts(connection)
            purges = _purges(connection, close)
        changed_rules = _changed(rules, rules_now) if rules_now else []
        found: list[Difference] = []
        since: list[Difference] = []
        if RULES not in broken and not any(finding.kind == RULES_UNKNOWN for finding in findings):
            try:
                with recompute_connection(service_url) as computing:
                    found = _differences(computing, record, rules, close, through_seal=close.seal_no)
                    try:
                        today = _typed(connection, rules_now, rules) if changed_rules else []
                        since = _since_close(computing, record, rules, today, close, found, is_late=bool(late_rows))
                    except UsageProblem as problem:
                        problems.append(str(problem))
            except UsageProblem as problem:
                findings.append(Finding(NOT_COMPUTED, _place(close), str(problem)))
    reason = _why(findings, RAW_ALTERED)
    # Purges explain nothing where the chain does not hold.
    lost = set() if findings else tainted
    purged = [one for one in found if _rests_on_purged(one, lost)]
    altered = [one for one in found if not _rests_on_purged(one, lost)]
    return Verification(
        close=close,
        status=status,
        walk=walk,
        findings=tuple(findings),
        altered=tuple(_new(altered, [], reason)),
        purged=tuple(_new(purged, [], PURGED)),
        purges=tuple(purges),
        changed_since=tuple(since),
        late_rows=late_rows,
        anchored=anchored.proven,
        unproven=tuple(unproven),
        changed_rules=(*changed_rules, *problems),
    )


def _chosen(connection: psycopg.Connection, month_start: date, version: int | None, digest: str | None) -> Close:
    closes = closes_of(connection, month_start)
    if not closes:
        raise UsageProblem(f"{month_start:%Y-%m} was never closed; social-metrics close --month makes its draft.")
    if digest is not None:
        wanted = digest.strip().lower().replace(" ", "")
        named = [close for close in closes if len(wanted) >= 12 and close.sha256.startswith(wanted)]
        if not named:
            raise UsageProblem(
                f"No version of {month_start:%Y-%m} in the record has the digest {digest}: the report is of another "
                "month, or the record was replaced since it was issued."
            )
        return named[0]
    for close in closes:
        if close.version == version:
            return close
    if version is not None:
        raise UsageProblem(f"{month_start:%Y-%m} has no version {version}; its newest is {closes[-1].version}.")
    return closes[-1]


def _place(close: Close) -> str:
    return f"audit.closes {close.month_start:%Y-%m} version {close.version}"


def _of_record(connection: psycopg.Connection, close: Close, broken: Iterable[str]) -> Iterable[Finding]:
    for part in broken:
        yield Finding(AUDIT_ALTERED, _place(close), f"{part} does not have the digest that was recorded")
    seal = connection.execute("select sha256 from audit.seals where seal_no = %s", (close.seal_no,)).fetchone()
    if seal != (close.seal_sha256,):
        yield Finding(AUDIT_ALTERED, _place(close), f"it rests on seal {close.seal_no}, which has another digest now")


def _of_rules(connection: psycopg.Connection, close: Close, rules: list[Rule]) -> Iterable[Finding]:
    release, unknown = unknown_rules(connection, close, rules)
    for rule in unknown:
        place = f"audit.close_inputs {close.month_start:%Y-%m} version {close.version} {rule.kind} {rule.name}"
        yield Finding(RULES_UNKNOWN, place, f"rules not of release {release}; nothing of this close was executed")


def _since_close(
    computing: psycopg.Connection,
    record: dict[tuple[str, str], tuple[Any, ...]],
    rules: list[Rule],
    rules_now: list[Rule],
    close: Close,
    found: list[Difference],
    *,
    is_late: bool,
) -> list[Difference]:
    """What late evidence, today's registry and today's rules would give instead, each difference with its reason."""
    since: list[Difference] = []
    if is_late:
        late = _differences(computing, record, rules, close, through_seal=None)
        since += _new((one for one in late if not one.figure.endswith(AS_IS)), found, LATE)
    if rules_now:
        today = {rule.name: rule for rule in rules_now if rule.kind == "registry_seed"}
        mixed = [today.get(rule.name, rule) for rule in rules]
        by_registry = _differences(computing, record, mixed, close, through_seal=close.seal_no)
        since += _new(by_registry, found, REGISTRY_CHANGED)
        by_rule = _differences(computing, record, rules_now, close, through_seal=close.seal_no)
        since += _new(by_rule, [*found, *by_registry], RULE_CHANGED)
    return since


def _closed_rows(connection: psycopg.Connection, close: Close) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (mart, row_key): (center, account, current_figures(figures))
        for mart, row_key, center, account, figures in connection.execute(
            "select mart, row_key, center_code, account_code, figures from audit.scorecard_rows "
            "where month_start = %s and version = %s",
            (close.month_start, close.version),
        )
    }


def _differences(
    connection: psycopg.Connection,
    record: dict[tuple[str, str], tuple[Any, ...]],
    rules: list[Rule],
    close: Close,
    *,
    through_seal: int | None,
) -> list[Difference]:
    """Every figure in which the month computed by these rules differs from the record."""
    with connection.transaction(force_rollback=True):
        rebuild(
            connection,
            rules,
            through_seal=through_seal,
            retention_as_of=close.retention_as_of,
            closed=(close.month_start, close.version),
        )
        computed = {
            (mart, key): row
            for mart in MARTS_OF_A_MONTH
            for key, row in rows_of_month(connection, mart, close.month_start, scratch(f"marts.{mart}")).items()
        }
    found = []
    for place in sorted(record.keys() | computed.keys()):
        there, here = record.get(place), computed.get(place)
        center, account, _ = there or here or (None, None, None)
        if there is None or here is None:
            words = ("not in the record", "computed") if there is None else ("in the record", "not computed")
            found.append(Difference(center, account, *place, "", *words, ""))
            continue
        for figure in sorted(there[2].keys() | here[2].keys()):
            closed, now = there[2].get(figure), here[2].get(figure)
            if closed != now:
                found.append(Difference(center, account, *place, figure, closed, now, ""))
    return found


def _purged_accounts(connection: psycopg.Connection) -> set[str]:
    """Accounts whose counts were emptied: their figures, and comparisons of centers, may be lost."""
    return {
        account
        for (account,) in connection.execute(
            "select account_code from raw.profile_snapshots where followers_state = 'retention_expired' "
            "union select row_key::jsonb ->> 0 from audit.sealed_rows join ops.purged_rows using (table_name, row_key) "
            "where table_name = 'raw.posts'"
        )
    }


def _rests_on_purged(difference: Difference, accounts: set[str]) -> bool:
    """A purge affects figures of its account and comparisons of centers; it adds and removes no row."""
    if not accounts or not difference.figure or difference.mart in WITHOUT_COUNTS:
        return False
    return difference.account_code is None or difference.account_code in accounts


def _purges(connection: psycopg.Connection, close: Close) -> list[Purge]:
    """Purges among the rows that the close rests on, by kind."""
    with connection.cursor(row_factory=class_row(Purge)) as cursor:
        return cursor.execute(
            "select purges.table_name, field, platform, authorization_mode, reason, account_code, "
            "count(*)::integer as row_count, min(rows.purged_at) as first_purged_at, "
            "max(rows.purged_at) as last_purged_at "
            "from ops.purged_rows as rows join ops.purges using (purge_no) "
            "join audit.sealed_rows as sealed on sealed.table_name = rows.table_name and sealed.row_key = rows.row_key "
            "where sealed.seal_no <= %s group by 1, 2, 3, 4, 5, 6 order by 1, 3, 4, 5, 6",
            (close.seal_no,),
        ).fetchall()


def _new(differences: Iterable[Difference], known: Iterable[Difference], reason: str) -> list[Difference]:
    """The differences that have no other reason yet, with this reason."""
    seen = {(one.mart, one.row_key, one.figure, str(one.computed)) for one in known}
    return [
        replace(one, reason=reason)
        for one in differences
        if (one.mart, one.row_key, one.figure, str(one.computed)) not in seen
    ]


def _why(findings: Iterable[Finding], otherwise: str) -> str:
    """The kind of finding that explains a difference; findings of raw come first."""
    kinds = {finding.kind for finding in findings}
    return AUDIT_ALTERED if AUDIT_ALTERED in kinds and RAW_ALTERED not in kinds else otherwise


def _changed(stored: Iterable[Rule], now: Iterable[Rule]) -> list[str]:
    before = {(rule.kind, rule.name): rule.sha256 for rule in stored}
    after = {(rule.kind, rule.name): rule.sha256 for rule in now}
    return sorted(" ".join(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _typed(connection: psycopg.Connection, rules: list[Rule], stored: list[Rule]) -> list[Rule]:
    """The rules with column types: those of the close where a seed has kept its columns, else the database's."""
    before = {rule.name: rule for rule in stored}
    kept = [
        replace(rule, column_types=before[rule.name].column_types)
        if rule.name in before and rule.content.partition("\n")[0] == before[rule.name].content.partition("\n")[0]
        else rule
        for rule in rules
    ]
    with connection.transaction():
        return [rule if rule.column_types else with_column_types(connection, [rule])[0] for rule in kept]


def _late_rows(connection: psycopg.Connection, close: Close) -> dict[str, int]:
    """Rows of raw and ops added since the close, by table."""
    known: dict[str, int] = dict(
        connection.execute(
            "select table_name, count(*) from audit.sealed_rows as sealed where seal_no <= %s and not exists ("
            "select from ops.purged_rows as gone where gone.table_name = sealed.table_name "
            "and gone.row_key = sealed.row_key and gone.remaining_sha256 is null) group by 1",
            (close.seal_no,),
        ).fetchall()
    )
    late = {}
    for table in tables_to_seal(connection):
        if table.name.startswith("audit.") or table.name in NOT_EVIDENCE:
            continue
        count = next(iter(connection.execute(f"select count(*) from {table.name}")))[0]  # noqa: S608
        if count > known.get(table.name, 0):
            late[table.name] = count - known.get(table.name, 0)
    return late
