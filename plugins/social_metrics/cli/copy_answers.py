"""`social-metrics copy-answers`: copies who answered Airflow's forms into the record."""

from social_metrics.audit.signatures import copy_answers as copy
from social_metrics.cli.console import Format, FormatOption, output, print_json
from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings


def copy_answers(output_format: FormatOption = Format.TABLE) -> None:
    """Copy the answers to forms from Airflow's own database, as proof of the signatures. Repeat it every few minutes.

    Run it where no task runs, with a login that no task holds (docs/audit.md, "Prove signatures").

    Examples:
    - `social-metrics copy-answers`
    """
    settings = load_settings()
    if not (settings.notary_url and settings.notary_airflow_url):
        raise UsageProblem(
            "Set SOCIAL_METRICS_NOTARY_URL and SOCIAL_METRICS_NOTARY_AIRFLOW_URL; docs/audit.md shows the two logins."
        )
    count = copy(settings.notary_airflow_url, settings.notary_url)
    if output_format is Format.JSON:
        print_json({"copied": count})
    else:
        output().print(f"{count} answers copied.")
