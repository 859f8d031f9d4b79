"""Decisions of people about tags: stored beside the rules' tags, and taking precedence from the next build on."""

import csv
from enum import StrEnum
from pathlib import Path

from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

RULE_SCHEME = "12-PAS"
"""Cluster scheme of the rules and of the decisions; the crosswalk derives the others."""


class Decision(StrEnum):
    """A person's decision about a tag."""

    ADD = "add"
    REMOVE = "remove"


def override_tag(
    settings: Settings,
    warehouse_url: str,
    *,
    account_code: str,
    post_id: str,
    tag: str,
    decision: Decision,
    decided_by: str,
    reason: str,
) -> None:
    """Store a decision about one tag of one post; the newest decision applies.

    Args:
        settings: with the folder of programs.csv and clusters.csv.
        warehouse_url: postgresql://… of the service login.
        account_code: account of the post.
        post_id: id of the post as in marts.fct_posts: the platform's, or the one derived from an entered address.
        tag: code of a programme or cluster, or `outreach`.
        decision: whether the post has the tag.
        decided_by: name of the person; stored in lower case.
        reason: reason in a few words.

    Raises:
        UsageProblem: the tag or the post is unknown, or name or reason is blank.
        WarehouseProblem: the warehouse cannot be used.
    """
    kind, scheme = _kind(settings.dbt_project_dir / "seeds" / "rules", tag)
    if not decided_by.strip() or not reason.strip():
        raise UsageProblem("A decision about a tag needs a name and a reason. Give both.")
    with connect(warehouse_url, "loader") as connection:
        post = connection.execute(
            "select from raw.posts where account_code = %(account)s and post_id = %(post)s "
            "union all select from raw.manual_entries where account_code = %(account)s "
            "and 'manual:' || md5(last_post_url) = %(post)s limit 1",
            {"account": account_code, "post": post_id},
        ).fetchone()
        if post is None:
            raise UsageProblem(f"Account {account_code} has no post {post_id!r}. Copy both from marts.fct_posts.")
        connection.execute(
            "insert into ops.tag_overrides "
            "(account_code, post_id, tag_kind, cluster_scheme, tag, decision, decided_by, reason) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (account_code, post_id, kind, scheme, tag, decision.value, decided_by.strip().lower(), reason.strip()),
        )


def _kind(rules: Path, tag: str) -> tuple[str, str | None]:
    programs = [row["program"] for row in _rows(rules / "programs.csv")]
    clusters = [row["cluster"] for row in _rows(rules / "clusters.csv") if row["cluster_scheme"] == RULE_SCHEME]
    if tag == "outreach":
        return "outreach", None
    if tag in programs:
        return "program", None
    if tag in clusters:
        return "cluster", RULE_SCHEME
    raise UsageProblem(f"Unknown tag {tag!r}. Write outreach, or one of {', '.join(programs + clusters)}.")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
