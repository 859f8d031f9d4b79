"""The type of the fixture `capture` of tests/integration/extract."""

from collections.abc import Callable

from social_metrics.extract.platform_run import BatchReport

Capture = Callable[..., BatchReport]
