"""A month of all centers as the record would hold it, drawn from the real names: for the look of the reports."""

import csv
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from social_metrics.audit.answers import AskedException
from social_metrics.audit.corrections import Correction
from social_metrics.audit.record import Close, Step
from social_metrics.publish.reports.month_record import MonthRecord
from social_metrics.publish.reports.phrases import EXCEPTION_KINDS
from tests.support.dbt_runner import PROJECT

MONTH = date(2026, 10, 1)
DAYS = 31
PLATFORMS = ("youtube", "facebook", "instagram", "x", "tiktok")
DRAFTED = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
_DETAILS = {
    "not_captured": "platform_unavailable", "no_account": "missing_account", "count_withheld": "retention_expired",
    "definition_break": "facebook.followers", "growth_within_rounding": "-120 … 90", "without_growth": "no_baseline",
    "without_number": "capture_failed", "account_closed": "closed",
}  # fmt: skip


def seed(name: str) -> list[dict[str, str]]:
    """A seed of the repository as its rows."""
    folder = next(path.parent for path in (PROJECT / "seeds").glob(f"*/{name}.csv"))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def large_month(number: int = 11) -> MonthRecord:
    """Every center of the registry on five platforms, each kind of exception, corrections, silent and missing ones."""
    draw = random.Random(number)
    centers = seed("centers")
    rows: dict[str, list[dict[str, Any]]] = {
        mart: []
        for mart in (
            "fct_center_monthly",
            "fct_follower_growth_daily",
            "fct_account_findings",
            "leaderboard_followers",
            "leaderboard_recency",
        )
    }
    programs = [row["program"] for row in seed("programs")]
    for place, center in enumerate(centers):
        code, count = center["center_code"], 90_000 - place * 2_700
        is_known = place % 9 != 8
        growth = draw.randrange(-300, 2500)
        told = sorted(draw.sample(programs, draw.randrange(len(programs))))
        missing = sorted(draw.sample(PLATFORMS, draw.randrange(3)))
        rows["fct_center_monthly"].append(
            {
                "center_code": code, "center_name": center["center_name"], "month_start": MONTH.isoformat(),
                "end_followers_count": count if is_known else None,
                "end_incomplete_reason": None if is_known else "capture_failed",
                "start_newest_capture_date": "2026-09-30", "end_newest_capture_date": "2026-10-31",
                "growth": growth if is_known else None, "growth_pct": growth / count * 100 if is_known else None,
                "growth_low": growth - 99, "growth_high": growth + 199, "growth_is_measurable": place % 7 != 3,
                "growth_null_reason": None if is_known else "no_baseline", "posts": draw.randrange(60),
                "longest_silence_days": draw.randrange(31) if place % 5 else None,
                "longest_silence_null_reason": None if place % 5 else "not_observed",
                "engagement_rate_pct": draw.random() * 4, "platforms_present": 5 - len(missing),
                "platforms_missing": len(missing), "platforms_not_verified": 0,
                "platforms_present_list": ", ".join(sorted(set(PLATFORMS) - set(missing))),
                "platforms_missing_list": ", ".join(missing) or None, "platforms_not_verified_list": None,
                "programs_covered": len(told), "programs_not_covered": len(programs) - len(told), "programs_unknown": 0,
                "programs_covered_list": ", ".join(told) or None,
                "programs_not_covered_list": ", ".join(sorted(set(programs) - set(told))) or None,
                "account_days_expected": 155, "account_days_captured": 155 - draw.randrange(20),
                "completeness": 0.9, "score": draw.random() * 100 if is_known else None,
                "score_known_share": 0.95 if is_known else 0.6, "score_rank": place,
                "targets_version": None, "target_document_ref": None,
                "achievement_label_id": "belum ditetapkan", "achievement_label_en": "not set", "source": "simulator",
            }
        )  # fmt: skip
        rows["leaderboard_followers"].append(
            {
                "center_code": code, "center_name": center["center_name"], "scope": "all_platforms",
                "followers_count": count if is_known else None, "best_rank": place + 1 if is_known else None,
                "worst_rank": place + 1 + (place in (2, 3)) if is_known else None, "display_order": place + 1,
            }
        )  # fmt: skip
        days = place * 2
        band = "unknown" if place == 29 else "never" if place == 30 else "silent" if days > 30 else "fresh"
        posted = None if band in ("unknown", "never") else DRAFTED - timedelta(days=days, minutes=7 * place)
        rows["leaderboard_recency"].append(
            {
                "center_code": code, "center_name": center["center_name"], "scope": "any_post",
                "last_post_at": posted.isoformat() if posted else None, "time_zone": center["time_zone"],
                "last_post_platform": "instagram", "days_since_last_post": days if posted else None,
                "recency_band": band, "best_rank": place + 1 if posted else None, "worst_rank": place + 1,
                "display_order": place + 1,
            }
        )  # fmt: skip
        rows["fct_follower_growth_daily"] += _daily(code, count, draw)
    return MonthRecord(
        close=_close(),
        steps=[
            Step(action, person, "service", "airflow", DRAFTED + timedelta(days=days), None)
            for days, (action, person) in enumerate(
                (("submitted", "data-team"), ("checked", "humas"), ("approved", "sekretaris")), start=1
            )
        ],
        rows=rows,
        seeds={
            name: seed(name)
            for name in ("programs", "platforms", "capture_outcomes", "time_zones", "score_weights", "recency_bands")
        },
        exceptions=_exceptions([center["center_code"] for center in centers], draw),
        corrections=[
            Correction(
                1, MONTH, 1, centers[0]["center_code"], "end_followers_count", 90_000, 90_123, "salah hitung pengikut "
                "akun YouTube yang baru diverifikasi", "BA-7/REHSOS.1/2026", "data-team", DRAFTED, "humas",
                DRAFTED + timedelta(days=9),
            )
        ],
        before=list(reversed(rows["leaderboard_followers"])),
        recency_before=None,
        evidence=[],
        log_head=f"41:{'0f' * 32}",
    )  # fmt: skip


def _daily(code: str, count: int, draw: random.Random) -> list[dict[str, Any]]:
    made = []
    for platform in PLATFORMS:
        value = count // len(PLATFORMS)
        for number in range(DAYS):
            day = MONTH + timedelta(days=number)
            value += draw.randrange(40)
            is_read = draw.random() > 0.02
            step = 100 if platform == "youtube" else 1
            made.append(
                {
                    "center_code": code, "account_code": f"{code}-{platform}", "platform": platform,
                    "date_day": day.isoformat(), "followers_count": value // step * step if is_read else None,
                    "followers_precision_step": step if is_read else None, "is_captured": is_read,
                }
            )  # fmt: skip
    return made


def _exceptions(codes: list[str], draw: random.Random) -> list[AskedException]:
    made = []
    for code in codes:
        for kind in draw.sample(EXCEPTION_KINDS, 4) if code != codes[0] else EXCEPTION_KINDS:
            first = MONTH + timedelta(days=draw.randrange(20))
            answer = "Akun tidak dapat dibuka sejak kantor pindah; sudah dilaporkan kepada platform." * (
                draw.random() > 0.7
            )
            made.append(
                AskedException(
                    len(made) + 1, code, f"{code}-{draw.choice(PLATFORMS)}", kind, _DETAILS.get(kind, "lama → baru"),
                    draw.randrange(1, 9), first, first + timedelta(days=draw.randrange(9)), answer or None,
                    "sari" if answer else None, DRAFTED if answer else None, None,
                )
            )  # fmt: skip
    return made


def _close() -> Close:
    return Close(
        month_start=MONTH, version=1, drafted_at=DRAFTED, drafted_by="social_metrics", seal_no=32, seal_sha256="a" * 64,
        previous_close_sha256="0" * 64, code_version="0.1.0+gabcdef0", retention_as_of=DRAFTED,
        first_captured_at=DRAFTED, last_captured_at=DRAFTED, account_days_expected=4805, account_days_captured=4600,
        retention_basis={
            "youtube": {"count_retention_days": 30, "basis": "none"},
            "facebook": {"count_retention_days": None, "basis": "owner"},
        },
        access_list=[
            {
                "login": login, "groups": groups, "is_superuser": groups is None,
                "noted_from": "2026-09-30T17:10:00+00:00", "noted_until": until,
            }
            for login, groups, until in (
                ("ani", ["social_metrics_closer"], None),
                ("magang", ["social_metrics_loader", "social_metrics_transformer"], "2026-10-14T17:10:00+00:00"),
                ("postgres", None, None),
            )
        ],
        score_weights_version="1", indicator_sheet_version="1", sources=["simulator"],
        scorecard_sha256="b" * 64, exceptions_sha256="c" * 64, inputs_sha256="d" * 64, sha256="e1f2" * 16,
    )  # fmt: skip
