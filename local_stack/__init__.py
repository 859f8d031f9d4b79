"""The local stack: an embedded PostgreSQL, the simulator and Airflow's processes, started and stopped as one.

`make demo`, `make up` and `make down` are `python -m local_stack demo | up | down`. Nothing in the
other package depends on this one: in production the same commands run in containers (`docker-compose.yml`).
"""

from social_metrics.errors import UsageProblem


class StackError(UsageProblem):
    """The local stack cannot go on; the message is one sentence that says what, where and what to do."""
