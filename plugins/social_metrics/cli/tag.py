"""`social-metrics tag`: a person's decision about a tag of a post."""

from typing import Annotated

import typer

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import notices
from social_metrics.settings import load_settings
from social_metrics.transform.tagging.overrides import Decision, override_tag


def tag(
    account_code: Annotated[str, typer.Argument(help="Account of the post.")],
    post_id: Annotated[str, typer.Argument(help="Id of the post, as in marts.fct_posts.")],
    decision: Annotated[Decision, typer.Argument(help="Whether the post has the tag.")],
    code: Annotated[str, typer.Argument(metavar="TAG", help="Code of a programme or cluster, or `outreach`.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
) -> None:
    """Add a tag to a post or remove one, regardless of the rules.

    The decision overrides the rules from the next transform on, later versions of the rules too.

    Examples:
    - `social-metrics tag kartini-x 1790012345 add PENA --by "tim humas" --reason "modal usaha di foto"`
    - `social-metrics tag kartini-x 1790012345 remove outreach --by "tim data" --reason "arsip 2019"`
    """
    with warehouse() as url:
        override_tag(
            load_settings(),
            url,
            account_code=account_code,
            post_id=post_id,
            tag=code,
            decision=decision,
            decided_by=by,
            reason=reason,
        )
    notices().print("Recorded. The marts show it after the next `social-metrics transform`.")
