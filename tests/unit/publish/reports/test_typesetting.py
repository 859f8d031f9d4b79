"""A report out of blocks, as PDF."""

from datetime import UTC, datetime

import pytest

from social_metrics.publish.reports import typesetting


@pytest.mark.parametrize("stamps", [[], ["DATA SIMULASI"], ["DATA SIMULASI", "ANGKA SEMENTARA"]])
def test_report_of_real_figures_has_no_stamp_and_the_same_input_gives_the_same_bytes(stamps: list[str]) -> None:
    page = typesetting.document(
        title="Laporan", subtitle="", running="", foot="", stamps=stamps, language="id",
        blocks=[typesetting.text("12.300 pengikut")],
    )  # fmt: skip
    made = [typesetting.pdf(page, datetime(2026, 11, 1, tzinfo=UTC)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF")
