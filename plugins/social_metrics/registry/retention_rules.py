"""How long each field may be kept, by platform and authorization: seeds/rules/retention_rules.csv, with its sources.

The periods of a platform are in its row of platforms.csv. A rule names the column, or the days where a platform's terms
depend on the authorization. A new platform needs no row here: rules without a platform apply to it.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from social_metrics.contract import AuthorizationMode
from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile, SeedRow
from social_metrics.registry.registry import Platform
from social_metrics.settings import Settings

FIELDS = ("counts", "bodies", "captions")
"""What expires: the numbers of profiles and posts, the stored bytes of responses, the text of posts."""

PERIODS = ("count_retention_days", "body_retention_days", "caption_retention_days")
KEPT = "kept"
COLUMNS = ("platform", "authorization_mode", "field", "keep", "revoked_within_days", "source")


@dataclass(frozen=True)
class RetentionRule:
    """One row; a blank platform or authorization mode (None) applies to all without a row of their own."""

    platform: str | None
    authorization_mode: AuthorizationMode | None
    field: str
    keep: str  # a column of platforms.csv, a number of days, or "kept"
    revoked_within_days: int  # after the owner revoked the authorisation
    source: str

    def lifetime(self, platform: Platform) -> timedelta | None:
        """How long the field of that platform is kept; None is for ever."""
        days: int | None = None
        if self.keep in PERIODS:
            days = getattr(platform, self.keep)
        elif self.keep != KEPT:
            days = int(self.keep)
        return timedelta(days=days) if days else None


@dataclass(frozen=True)
class RetentionRules:
    """All rows; the most specific matching one applies."""

    rules: tuple[RetentionRule, ...]

    def rule(self, platform: str, field: str, mode: AuthorizationMode | None = None) -> RetentionRule:
        """The rule for a field by authorization mode; bodies and captions do not depend on it.

        An authorization mode without a row is treated as `public`, the strictest.
        """
        for wanted in (mode, AuthorizationMode.PUBLIC if mode else None):
            for of_platform in (platform, None):
                for rule in self.rules:
                    if (rule.platform, rule.authorization_mode, rule.field) == (of_platform, wanted, field):
                        return rule
        raise UsageProblem(f"retention_rules.csv has no line for the {field} of every platform; add one.")


def load_retention_rules(settings: Settings) -> RetentionRules:
    """Read and check the rules.

    Raises:
        UsageProblem: with one sentence per problem.
    """
    problems: list[str] = []
    path = settings.dbt_project_dir / "seeds" / "rules" / "retention_rules.csv"
    rows = SeedFile.read(path, COLUMNS, problems).rows
    rules = tuple(_rule(row) for row in rows)
    keys = [(rule.platform, rule.authorization_mode, rule.field) for rule in rules]
    problems += [
        f"{row.file}, line {row.line}: this platform, authorization mode and field are there twice; remove one row."
        for row, key in zip(rows, keys, strict=True)
        if keys.count(key) > 1
    ]
    if not problems:
        general = {(rule.field, rule.authorization_mode) for rule in rules if rule.platform is None}
        needed = {("bodies", None), ("captions", None), ("counts", AuthorizationMode.PUBLIC)}
        problems += [
            f"{path.name} has no line for the {field} of every platform; add one with a blank platform."
            for field, _ in sorted(needed - general, key=str)
        ]
    if problems:
        raise UsageProblem("The retention rules cannot be used:\n" + "\n".join(f"  {one}" for one in problems))
    return RetentionRules(rules)


def _rule(row: SeedRow) -> RetentionRule:
    field = row.one_of("field", FIELDS)
    modes = tuple(str(mode) for mode in AuthorizationMode)
    mode = row.one_of("authorization_mode", modes if field == "counts" else ("",))
    keep = row["keep"]
    if keep not in (*PERIODS, KEPT) and not re.fullmatch(r"[1-9][0-9]{0,5}", keep):
        row.problem("keep", f"is neither {KEPT} nor a number of days nor one of {', '.join(PERIODS)}")
    return RetentionRule(
        platform=row["platform"] or None,
        authorization_mode=AuthorizationMode(mode) if mode in modes else None,
        field=field,
        keep=keep,
        revoked_within_days=row.whole("revoked_within_days", least=0) or 0,
        source=row.required("source"),
    )
