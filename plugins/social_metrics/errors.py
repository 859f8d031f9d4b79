"""The base class of every error that a person can fix, and the tree of its subclasses.

A command prints the text of a `UsageProblem` and exits with code 2, or with the code named here. Any other exception is
a defect of the code. In Airflow the task fails with the same text; `WarehouseProblem` and `ClockProblem` are retried.

    UsageProblem                  any module: a setting, a connection, an argument
        UnusableAnswer            audit/answers.py: an officer's answer to an exception
        ReportsUnexplained        publish/reports/comparison.py: issued reports that the record does not explain
        NotCovered                audit/log/entries.py: a checkpoint that is older than the seal of a report
        NoteRefused               audit/log/note.py: a checkpoint whose form or signature does not hold (exit code 1)
        HistoryRewritten          audit/log/publishing.py: the seals do not continue the head signed last
        ProofRefused              audit/log/report_proof.py: a report that its proof does not prove (exit code 1)
        StampRefused              audit/log/timestamps.py: a time-stamp that does not hold
        Refused                   audit/log/witness.py: a checkpoint that a witness does not cosign (exit code 1)
        RecordAltered             audit/closing.py: the close is no longer the one that was shown for a signature
        UnusableRule              audit/recompute.py: a rule of a close that cannot be executed
        ClockProblem              extract/run_clock.py: the machine's clock is wrong
        PastDateRefused           extract/run_clock.py: a capture for a date other than today
        FileRefused               intake/spreadsheet/validation_errors.py: a workbook that cannot be read (exit code 1)
        ConfirmationRefused       intake/store.py: a decision about a manual entry
        AddressNotUnderstood      registry/account_urls.py: an address that leads to no account
        ChangeRefused             registry/change_log.py: a change of the registry
        RegistryProblem           registry/registry.py: invalid registry files
        SparkBuildFailed          transform/lake/spark.py: dbt on Spark
        TransformFailed           transform/run.py: dbt (exit code 1)
        TaggingProblem            transform/tagging/rules.py: invalid tag rules
        WarehouseProblem          warehouse/connect.py: PostgreSQL does not respond, or is not migrated
            NoSuchCampaign        marts/campaigns.py: an unknown campaign
            NoMarts               marts/leaderboards.py: the marts have not been built
            NoSuchBoard           marts/leaderboards.py: an unknown board, scope or date
            WarehouseDown         monitoring/outage.py: PostgreSQL does not respond, and the alert was sent
            NoSuchArea            marts/service_areas.py: an unknown service area
"""


class UsageProblem(Exception):
    """An error that a person can fix; its text says what happened, where, and what to do next."""
