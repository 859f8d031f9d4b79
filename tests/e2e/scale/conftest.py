"""Beyond one machine, on engines that exist: `make test-scale`.

It takes minutes, a Redis and a Spark (`make venv-spark`), so `make test` does not collect these tests.
"""

import os

if not os.environ.get("SOCIAL_METRICS_TEST_SCALE"):
    collect_ignore_glob = ["test_*.py"]
