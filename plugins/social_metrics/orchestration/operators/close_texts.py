"""Texts of the close's forms in Airflow: Markdown, in Indonesian."""

from collections import Counter
from collections.abc import Sequence

from social_metrics.audit.answers import AskedException
from social_metrics.audit.record import Close, Step
from social_metrics.orchestration.forms import strip_markup
from social_metrics.publish.page.formats import long_date, number

KINDS = {
    "not_captured": "tidak terbaca",
    "no_account": "tidak ada akun yang dapat dibaca",
    "count_withheld": "jumlah pengikut disembunyikan atau ditahan",
    "entered_by_hand": "diisi dengan tangan",
    "definition_break": "cara hitung platform berubah",
    "handle_changed": "nama akun diganti",
    "account_closed": "akun ditutup pada bulan ini",
    "without_growth": "pertumbuhan tidak dapat dihitung",
    "growth_within_rounding": "pertumbuhan di dalam pembulatan, tidak terukur",
    "without_number": "tanpa jumlah pengikut",
    "identity_mismatch": "nama akun kini milik akun lain",
    "renamed": "nama akun berubah",
    "handle_differs": "nama akun berbeda dari registri",
    "manual_differs": "isian tangan berbeda dari pembacaan",
    "manual_waiting": "isian tangan belum dikonfirmasi",
}
"""Kind of an exception (audit.exceptions, fct_account_findings) → its wording for a department head."""

STATUS = {"submitted": "diajukan", "checked": "diperiksa", "approved": "disetujui", "refused": "ditolak"}


def exception_line(one: AskedException) -> str:
    """One exception in words: which account, what, how many days, when."""
    what = KINDS.get(one.kind, one.kind)
    words = [f"{one.account_code or one.center_code}: {what}"]
    if one.detail:
        words.append(f"({strip_markup(one.detail)})")
    if one.days and one.first_date and one.last_date:
        first, last = (long_date(day, "id") for day in (one.first_date, one.last_date))
        words.append(f"{number(one.days, 'id')} hari, {first}" + (f" s.d. {last}" if last != first else ""))
    return " ".join(words)


def month_summary(close: Close, exceptions: Sequence[AskedException], steps: Sequence[Step]) -> str:
    """What a person signs: completeness, digest, exceptions with their answers, earlier signatures."""
    share = close.account_days_captured / close.account_days_expected if close.account_days_expected else 0
    answered = sum(one.answer is not None for one in exceptions)
    lines = []
    if "simulator" in close.sources:
        lines += ["**SIMULASI: bukan angka sebenarnya.**", ""]
    lines += [
        f"- Terbaca: {number(close.account_days_captured, 'id')} dari {number(close.account_days_expected, 'id')} "
        f"hari-akun ({number(100 * share, 'id', 1)} %)",
        f"- Sidik jari (digest): `{close.sha256}`",
        f"- Bersandar pada segel {close.seal_no}; kode {close.code_version[:12]}; "
        f"lembar indikator versi {close.indicator_sheet_version}",
        f"- Catatan: {number(len(exceptions), 'id')}, dijawab {number(answered, 'id')}",
        *(f"- Sudah {STATUS[step.action]} oleh **{strip_markup(step.person)}**" for step in steps),
        "",
        "| Catatan | Banyaknya | Dijawab |",
        "|---|---|---|",
    ]
    counts = Counter(one.kind for one in exceptions)
    replies = Counter(one.kind for one in exceptions if one.answer is not None)
    lines += [f"| {KINDS.get(kind, kind)} | {count} | {replies[kind]} |" for kind, count in counts.most_common()]
    answers = [one for one in exceptions if one.answer is not None]
    if answers:
        lines += ["", "Jawaban sentra:", ""]
        lines += [
            f"- {exception_line(one)} → “{strip_markup(one.answer or '')}” ({strip_markup(one.answered_by or '')})"
            for one in answers
        ]
    return "\n".join(lines)
