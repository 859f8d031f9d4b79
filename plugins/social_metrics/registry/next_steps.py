"""What a person should do after an outcome: the English texts of seeds/rules/capture_outcomes.csv."""

from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile
from social_metrics.settings import Settings

COLUMNS = (
    "outcome",
    "precedence",
    "is_captured",
    "is_attempt",
    "label_id",
    "label_en",
    "next_step_id",
    "next_step_en",
)


def load_next_steps(settings: Settings) -> dict[Outcome, str]:
    """The next step after each outcome of an attempt, where a person or a retry run has something to do.

    Raises:
        UsageProblem: with one sentence per problem of the file.
    """
    problems: list[str] = []
    rows = SeedFile.read(settings.dbt_project_dir / "seeds" / "rules" / "capture_outcomes.csv", COLUMNS, problems).rows
    if problems:
        raise UsageProblem("The capture outcomes cannot be used:\n" + "\n".join(f"  {one}" for one in problems))
    steps = {row["outcome"]: row["next_step_en"] for row in rows if row["is_attempt"] == "true"}
    return {outcome: steps[outcome] for outcome in Outcome if steps.get(outcome)}
