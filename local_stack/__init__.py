"""The local stack: an embedded PostgreSQL, the simulator and Airflow's processes, started and stopped as one.

`make demo`, `make up` and `make down` are `python -m local_stack demo | up | down`. The package `social_metrics` does
not depend on it: in production the same commands run in containers (`docker-compose.yml`).
"""

from social_metrics.errors import UsageProblem


class StackError(UsageProblem):
    """The local stack failed; the message is one sentence with the cause, the place and the next step."""
