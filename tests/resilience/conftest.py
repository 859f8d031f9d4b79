"""The faults that need a whole Airflow belong to `make test-faults`; without its variable they are not collected."""

import os

collect_ignore = [] if os.environ.get("SOCIAL_METRICS_TEST_FAULT_CASES") else ["test_airflow.py"]
