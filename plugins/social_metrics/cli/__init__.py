"""The console script `social-metrics`: what an engineer, an operator or a PR officer asks from a shell.

Exit codes: 0 good, 1 a finding, 2 usage or configuration. Data goes to standard output, everything else to
standard error.
"""

import sys
from typing import Any

_WITHOUT_WAREHOUSE = ("keys", "witness", "verify-report")


def __getattr__(name: str) -> Any:
    """The application `app`; for a command that needs no warehouse, only the module of such commands is imported."""
    if name != "app":
        raise AttributeError(name)
    if sys.argv[1:] and sys.argv[1] in _WITHOUT_WAREHOUSE:
        from social_metrics.cli.offline import app
    else:
        from social_metrics.cli.application import app
    return app
