"""The console script `social-metrics`: what an engineer, an operator or a PR officer asks from a shell.

Exit codes: 0 good, 1 a finding, 2 usage or configuration. Data goes to standard output, everything else to
standard error.
"""

from social_metrics.cli.application import app

__all__ = ["app"]
