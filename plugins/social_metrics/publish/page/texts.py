"""The texts of the boards page in Indonesian and English; templates contain no text.

Labels of outcomes and bands are rules: they come from the seeds that dbt reads too.
"""

import csv
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from markupsafe import Markup, escape

from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import LANGUAGES, Language

Both = Mapping[Language, str]

# key: (Indonesian, English). Braces take values; both languages take the same ones.
TEXTS: dict[str, tuple[str, str]] = {
    "page_title": ("Papan Media Sosial Sentra, {day}", "Social Media Boards of the Centers, {day}"),
    "heading": ("Papan Media Sosial Sentra", "Social Media Boards of the Centers"),
    "data_of": ("Data tanggal {day} (WIB)", "Data of {day} (WIB)"),
    "skip": ("Langsung ke papan", "Skip to the boards"),
    "simulated": ("DATA SIMULASI", "SIMULATED DATA"),
    "simulated_note": (
        "Angka, akun, dan unggahan di halaman ini dibuat oleh simulator. Bukan keadaan sentra yang sebenarnya.",
        "Figures, accounts and posts on this page come from a simulator. They are not the centers' real state.",
    ),
    # summary
    "facts": ("Ringkasan", "Summary"),
    "fact_centers": ("Sentra", "Centers"),
    "fact_read": ("Akun terbaca hari itu", "Accounts read that day"),
    "fact_read_value": ("{read} dari {expected}", "{read} of {expected}"),
    "fact_time": ("Waktu pembacaan (WIB)", "Time of reading (WIB)"),
    "fact_silent": ("Sentra sunyi lebih dari 30 hari", "Centers silent for over 30 days"),
    "fact_without": ("Sentra tanpa jumlah pengikut", "Centers without a follower count"),
    "none": ("tidak ada", "none"),
    # boards
    "followers_title": ("Pengikut terbanyak", "Most followed"),
    "followers_note": (
        "Jumlah pengikut akun resmi di semua platform. Akun, bukan orang: satu orang dapat mengikuti beberapa akun.",
        "Followers of the official accounts, all platforms together. "
        "Accounts, not people: one person may follow several.",
    ),
    "recency_title": ("Paling mutakhir", "Most up to date"),
    "recency_note": (
        "Unggahan sendiri yang paling baru. Urutan menurut saat unggah; jam menurut waktu setempat sentra.",
        "The newest post of their own. Ordered by the instant of posting; times are local to the center.",
    ),
    "rank": ("Peringkat", "Rank"),
    "center": ("Sentra", "Center"),
    "account_followers": ("Pengikut akun", "Account followers"),
    "last_post": ("Unggahan terakhir", "Last post"),
    "rank_between": (
        "kemungkinan peringkat {best} sampai {worst}, karena pembulatan",
        "possibly rank {best} to {worst}, because of rounding",
    ),
    "tie": ("seri", "tie"),
    "week": ("7 hari", "7 days"),
    "not_measurable": ("tidak terukur (pembulatan)", "not measurable (rounding)"),
    "no_change": ("belum ada pembanding", "nothing to compare with"),
    "read_of": ("{read} dari {expected} akun terbaca ({share})", "{read} of {expected} accounts read ({share})"),
    "carried": ("{n} dari hari sebelumnya", "{n} from an earlier day"),
    "left_out": ("{n} disembunyikan, tidak dijumlahkan", "{n} withheld, left out of the sum"),
    "manual": ("entri manual: {n}", "entered by hand: {n}"),
    "suspended": ("ditangguhkan, tidak dijumlahkan: {n}", "suspended, left out: {n}"),
    "not_observed": ("akun tidak dapat dilihat: {n}", "accounts that could not be viewed: {n}"),
    "platforms_updated": ("platform pada tanggal itu: {n}", "platforms on that date: {n}"),
    "days_0": ("Hari ini", "Today"),
    "days_1": ("Kemarin", "Yesterday"),
    "days_n": ("{n} hari lalu", "{n} days ago"),
    "ranks_below": ("Peringkat selanjutnya", "The ranks below"),
    "unranked": ("Tidak berperingkat", "Unranked"),
    # chart
    "chart_title": ("Perjalanan pengikut akun, {days} hari terakhir", "Account followers over the last {days} days"),
    "chart_note": (
        "Lima besar papan pengikut; skala tiap gambar berbeda. Garis hanya menghubungkan hari berurutan yang "
        "terbaca lengkap dengan jumlah akun yang sama; selebihnya dibiarkan kosong. "
        "Pita menunjukkan ketidakpastian karena platform membulatkan angka.",
        "The top five of the followers board; every drawing has its own scale. A line joins only consecutive days "
        "read completely with the same number of accounts; the rest is left empty. "
        "The band is the uncertainty that a platform's rounding leaves.",
    ),
    "chart_summary": (
        "{first} ({first_day}) → {last} ({last_day})",
        "{first} ({first_day}) → {last} ({last_day})",
    ),
    "chart_gaps": ("hari tanpa angka lengkap: {n}", "days without a complete figure: {n}"),
    "chart_unit": ("pengikut akun", "account followers"),
    "chart_empty": ("Belum ada hari yang terbaca lengkap.", "No day was read completely yet."),
    # unranked centers
    "unranked_title": ("Perlu perhatian", "Needs attention"),
    "unranked_note": (
        "Sunyi, tidak terbaca, tidak punya akun, dan belum diketahui adalah hal yang berbeda. Tidak satu pun berarti "
        "nol.",
        "Silent, not read, without an account and not yet known are different things. None of them means zero.",
    ),
    "unranked_none": ("Tidak ada: semua sentra lengkap dan aktif.", "None: every center is complete and active."),
    "unranked_silent": ("Sunyi lebih dari 30 hari", "Silent for more than 30 days"),
    "unranked_never_posted": ("Belum pernah mengunggah", "Never posted"),
    "unranked_recency_unknown": ("Kemutakhiran tidak diketahui", "Recency unknown"),
    "unranked_recency_unknown_note": (
        "Tidak semua akunnya dapat dilihat, jadi tidak dapat dikatakan sunyi.",
        "Not every account could be viewed, so the center cannot be called silent.",
    ),
    "unranked_without_number": ("Tanpa jumlah pengikut", "Without a follower count"),
    "unranked_not_captured": ("Akun tidak terbaca hari itu", "Accounts not read that day"),
    "unranked_count_withheld": ("Jumlah pengikut tidak ditampilkan", "Follower count withheld"),
    "unranked_count_withheld_note": (
        "Platform atau pemilik akun tidak memperlihatkannya.",
        "The platform or the owner does not show it.",
    ),
    "unranked_no_account": ("Tidak punya akun", "No account"),
    "unranked_no_account_note": ("Di platform yang diwajibkan.", "On a platform that is required."),
    "unranked_not_yet_verified": ("Belum diverifikasi", "Not yet verified"),
    "unranked_not_yet_verified_note": (
        "Belum diketahui apakah akunnya ada; tidak dihitung sebagai kurang.",
        "We do not know whether the account exists; it is not counted as missing.",
    ),
    "unranked_identity_mismatch": ("Akun ditangguhkan: identitas berbeda", "Suspended: the identity does not match"),
    "unranked_identity_mismatch_note": (
        "Mungkin diambil alih. Tidak ikut peringkat sampai seorang petugas memastikan akunnya.",
        "Possibly taken over. Left out of the ranks until a person has confirmed the account.",
    ),
    "unranked_renamed": ("Nama akun berubah", "Renamed"),
    "unranked_renamed_note": (
        "Nama pada platform berbeda dari registri, identitasnya sama.",
        "The name on the platform differs from the registry's; the identity is the same.",
    ),
    "unranked_manual_differs": ("Entri manual berbeda dari pembacaan API", "Manual entry differs from the API"),
    "unranked_manual_differs_note": ("Yang berlaku adalah pembacaan API.", "The API's figure counts."),
    "unranked_manual_waiting": ("Entri manual menunggu orang kedua", "Entered by hand, waiting for a second person"),
    "unranked_manual_waiting_note": (
        "Belum dihitung sampai dikonfirmasi.",
        "Not counted until it is confirmed.",
    ),
    "unranked_under_review": ("Sedang ditinjau ulang", "Under review"),
    "unranked_under_review_note": (
        "Verifikasinya lebih dari 180 hari yang lalu.",
        "Verified more than 180 days ago.",
    ),
    "last_read": ("angka terakhir: {ago}", "last figure: {ago}"),
    "never_read": ("belum pernah ada angka", "never had a figure"),
    # captures
    "captures_title": ("Kelengkapan dan waktu pembacaan", "Completeness and time of reading"),
    "captures_note": (
        "Setiap akun resmi dibaca sekali setiap malam. Yang tidak terbaca tetap kosong; tidak ada angka taksiran.",
        "Every official account is read once each evening. What was not read stays empty; nothing is estimated.",
    ),
    "platform": ("Platform", "Platform"),
    "read": ("Terbaca", "Read"),
    "time_wib": ("Waktu (WIB)", "Time (WIB)"),
    # programmes
    "coverage_title": ("Program yang disampaikan bulan ini", "Programmes covered this month"),
    "coverage_note": (
        "Sentra yang mengunggah tentang tiap program, dari awal bulan sampai {day}; yang paling sedikit disampaikan di "
        "atas.",
        "Centers that posted about each programme, from the first of the month to {day}; the least covered first.",
    ),
    "coverage_none": ("Belum ada data program untuk bulan ini.", "There is nothing on programmes for this month yet."),
    "coverage_counts": ("{covered} dari {of} sentra", "{covered} of {of} centers"),
    "coverage_who": ("Siapa yang belum", "Who did not"),
    "coverage_covered": ("menyampaikan", "covered it"),
    "coverage_not_covered": ("belum menyampaikan", "did not"),
    "coverage_unknown": (
        "tidak diketahui: tidak semua unggahan terbaca",
        "not known: not every post could be read",
    ),
    "coverage_no_verified_account": ("tanpa akun terverifikasi", "without a verified account"),
    # the data's own health
    "health_title": ("Kesehatan data", "Data health"),
    "health_note": (
        "Malam yang terlewat tidak dapat diambil kembali: tidak ada platform yang memberi angka kemarin.",
        "A missed evening cannot be fetched again: no platform gives yesterday's count.",
    ),
    "runs_title": ("{days} malam terakhir", "The last {days} evenings"),
    "runs": ("Malam, kiri yang terlama", "Evenings, the oldest on the left"),
    "runs_complete": ("Lengkap", "Whole"),
    "run_whole": ("semua akun terbaca", "all accounts read"),
    "run_part": ("sebagian", "some"),
    "run_nothing": ("tidak satu pun", "none"),
    "run_unplanned": ("belum ada akun", "no account yet"),
    "findings_title": ("Temuan", "Findings"),
    "findings_none": ("Tidak ada temuan pada tanggal ini.", "Nothing was found on this date."),
    "finding_subjects": ("{n} temuan, sejak {since}", "found {n} times, since {since}"),
    "finding_warn": ("perlu dilihat", "to be checked"),
    "finding_stop": ("menghentikan pengolahan", "stops the transform"),
    "means_title": ("Anggaran dan kredensial", "Budgets and credentials"),
    "means_none": ("Belum ada panggilan ke platform.", "No platform was called yet."),
    "means_calls": ("{n} panggilan hari itu", "{n} calls that day"),
    "means_quota": ("{share} kuota", "{share} of the quota"),
    "means_usd": ("US$ {usd} bulan ini", "US$ {usd} this month"),
    "means_budget": ("sisanya cukup {days} hari menurut laju ini", "the rest lasts {days} days at this pace"),
    "means_credentials": (
        "{n} token, yang pertama habis dalam {days} hari",
        "{n} tokens, the first expires in {days} days",
    ),
    # how to read
    "reading_title": ("Cara membaca", "How to read this"),
    "reading_rank": (
        "Lima besar memuat semua sentra yang mungkin berada di lima tempat teratas; karena seri dapat lebih dari lima. "
        "“3–4” berarti angka yang dibulatkan membuka kedua tempat.",
        "The top five holds every center that may be in the first five places; ties can make it more than five. "
        "“3–4” means that rounded counts leave both places possible.",
    ),
    "reading_change": (
        "Perubahan 7 hari hanya memuat akun yang terbaca pada kedua ujungnya. “±” adalah batas pembulatan.",
        "The change over 7 days holds only accounts read at both ends. “±” is the bound of the rounding.",
    ),
    "reading_carried": (
        "Akun yang tidak terbaca memakai angka terakhirnya paling lama 3 hari dan ditandai; lewat dari itu sentranya "
        "tampil tanpa angka.",
        "An account that was not read keeps its last figure for at most 3 days, marked; after that its center is shown "
        "without a figure.",
    ),
    "reading_days": (
        "Hari dan tanggal data menurut WIB. Hari sejak unggahan dihitung dari tanggal WIB, jam ditulis menurut WIB, "
        "WITA, atau WIT setempat.",
        "Days and dates of the data are WIB (Jakarta). Days since a post count WIB dates; times are written in the "
        "center's own WIB, WITA or WIT.",
    ),
    "reading_manual": (
        "“Entri manual” berarti angka dibaca petugas dari layar, dengan bukti, dan dikonfirmasi orang kedua.",
        "“Entered by hand” means that an officer read the figure off a screen, with an attachment, and a second "
        "person confirmed it.",
    ),
    # reasons given by the marts
    "reason_capture_failed": ("pembacaan gagal lebih dari 3 hari", "reading failed for more than 3 days"),
    "reason_no_verified_account": ("tidak ada akun terverifikasi", "no verified account"),
    "reason_all_hidden": ("semua akunnya menyembunyikan jumlah", "all its accounts withhold the count"),
    "reason_all_suspended": ("semua akunnya ditangguhkan", "all its accounts are suspended"),
    "reason_never_posted": ("belum pernah mengunggah", "never posted"),
    "reason_not_observed": ("tidak semua akun dapat dilihat", "not every account could be viewed"),
    "reason_hidden": ("disembunyikan pemilik akun", "hidden by the owner"),
    "reason_not_available": ("tidak diberikan platform", "not given by the platform"),
    "reason_retention_expired": ("masa simpan habis", "retention period is over"),
}


class Catalogue:
    """Texts and labels, as HTML that shows one of the two languages.

    Args:
        rules: folder of the rule seeds, `dbt_project/seeds/rules`.
    """

    def __init__(self, rules: Path) -> None:
        """Keep the folder; its files are read when a label is first needed."""
        self._rules = rules

    def text(self, key: str, **values: Both | str | int) -> Markup:
        """A text with its values filled in; a value may differ by language."""
        return both(each(lambda language: self.plain(key, language, **values)))

    def plain(self, key: str, language: Language, **values: Both | str | int) -> str:
        """A text in one language, without markup."""
        return TEXTS[key][LANGUAGES.index(language)].format(
            **{name: value[language] if isinstance(value, Mapping) else value for name, value in values.items()}
        )

    def reason(self, code: str) -> Markup:
        """Why there is no number: a mart's reason, else an outcome or a band; an unknown code is shown as it is."""
        if f"reason_{code}" in TEXTS:
            return self.text(f"reason_{code}")
        label = self._outcomes.get(code) or self._bands.get(code)
        return both(label) if label else escape(code.replace("_", " "))

    def band(self, code: str) -> Markup:
        """The name of a recency band."""
        label = self._bands.get(code)
        return both(label) if label else escape(code)

    def next_step(self, outcome: str) -> Markup | None:
        """The next step for an outcome; None without one."""
        step = self._next_steps.get(outcome)
        return both(step) if step and step["id"] else None

    @cached_property
    def _outcomes(self) -> dict[str, Both]:
        return self._labels("capture_outcomes.csv", "outcome", "label")

    @cached_property
    def _next_steps(self) -> dict[str, Both]:
        return self._labels("capture_outcomes.csv", "outcome", "next_step")

    @cached_property
    def _bands(self) -> dict[str, Both]:
        return self._labels("recency_bands.csv", "recency_band", "label")

    def _labels(self, name: str, key: str, column: str) -> dict[str, Both]:
        path = self._rules / name
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            return {row[key]: {language: row[f"{column}_{language}"] for language in LANGUAGES} for row in rows}
        except (OSError, KeyError) as error:
            raise UsageProblem(
                f"{path} cannot be read ({error}): it holds the labels of the boards. "
                "Set SOCIAL_METRICS_DBT_PROJECT_DIR to the dbt project."
            ) from error


def both(forms: Both) -> Markup:
    """The two forms of a text, of which the page shows the one of its language."""
    if forms["id"] == forms["en"]:
        return escape(forms["id"])
    return Markup("").join(
        Markup('<span class="{0}" lang="{0}">{1}</span>').format(language, forms[language]) for language in LANGUAGES
    )


def each(form: Callable[[Language], str]) -> Both:
    """A value in both forms: `each(lambda language: number(1234, language))`."""
    return {language: form(language) for language in LANGUAGES}
