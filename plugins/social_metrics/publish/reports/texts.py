"""Texts of the reports in Indonesian and English: those of the page, and what only reports need.

Names of platforms, programmes, outcomes and bands are rules, not texts: they come from the seeds of the close.
"""

from social_metrics.publish.page.formats import LANGUAGES, Language
from social_metrics.publish.page.texts import TEXTS as BOARD_TEXTS

# key: (Indonesian, English). Braces take values; both languages take the same ones.
TEXTS: dict[str, tuple[str, str]] = BOARD_TEXTS | {
    "office": (
        "Direktorat Jenderal Rehabilitasi Sosial, Kementerian Sosial",
        "Directorate General of Social Rehabilitation, Ministry of Social Affairs",
    ),
    "provisional": ("ANGKA SEMENTARA", "PROVISIONAL FIGURES"),
    "leadership_title": ("Media sosial sentra, {month}", "Social media of the centers, {month}"),
    "leadership_subtitle": (
        "Lembar rapat pimpinan. Angka yang ditutup dan disetujui {approved}.",
        "Page of the leadership meeting. Figures closed and approved on {approved}.",
    ),
    "as_of_title": ("Media sosial sentra per {day}", "Social media of the centers as of {day}"),
    "as_of_subtitle": (
        "Lembar rapat pimpinan dari pembacaan malam {day} (WIB). Belum ditutup; angka resmi terbit setelah penutupan "
        "bulan.",
        "Page of the leadership meeting from the evening of {day} (WIB). Not closed; official figures follow the "
        "month's close.",
    ),
    "full_title": ("Kinerja media sosial sentra, {month}", "Social media performance of the centers, {month}"),
    "full_subtitle": (
        "Berkas lengkap penutupan bulan, versi {version}, disetujui {approved}.",
        "Full pack of the month's close, version {version}, approved on {approved}.",
    ),
    "center_title": ("{center}: kinerja media sosial, {month}", "{center}: social media performance, {month}"),
    "center_subtitle": (
        "Berkas sentra dari penutupan bulan, versi {version}, disetujui {approved}.",
        "The center's pack of the month's close, version {version}, approved on {approved}.",
    ),
    "foot": (
        "{month}, versi {version}. Sidik tutup buku: {digest}\nLog segel: {head}",
        "{month}, version {version}. Digest: {digest}\nLog of seals: {head}",
    ),
    "foot_as_of": (
        "Keadaan {day}. Bukan angka resmi.\nLog segel: {head}",
        "As of {day}. Not an official figure.\nLog of seals: {head}",
    ),
    "none": ("Tidak ada.", "None."),
    "and_more": ("dan {n} lagi; selengkapnya di berkas lengkap", "and {n} more; see the full pack"),
    "not_known": ("tidak diketahui", "not known"),
    # boards
    "followers_top": ("Lima besar: pengikut akun terbanyak", "Top five: most account followers"),
    "recency_top": ("Lima besar: unggahan paling baru", "Top five: newest post"),
    "top_note": (
        "Akun, bukan orang: satu orang dapat mengikuti beberapa akun. “3–4”: pembulatan platform membuka kedua tempat; "
        "karena itu, dan karena seri, dapat lebih dari lima.",
        "Accounts, not people: one person may follow several. “3–4”: the platforms' rounding leaves both places "
        "possible; for that, and for ties, there may be more than five.",
    ),
    "growth": ("Pertumbuhan sebulan", "Growth in the month"),
    "change_7d": ("Perubahan 7 hari", "Change over 7 days"),
    "movement": ("Dari bulan lalu", "Since last month"),
    "age": ("Umur", "Age"),
    "days_ago": ("{n} hari", "{n} days"),
    "up": ("naik {n}", "up {n}"),
    "down": ("turun {n}", "down {n}"),
    "same": ("tetap", "same"),
    "new_rank": ("baru berperingkat", "newly ranked"),
    "no_close_before": ("tanpa pembanding", "nothing to compare"),
    "no_close_before_note": (
        "Bulan sebelumnya belum pernah ditutup, jadi perpindahan peringkat tidak dapat dikatakan.",
        "The month before was never closed, so it is not known how ranks moved.",
    ),
    "corrected_note": ("Dikoreksi setelah ditutup: {what}.", "Corrected after the close: {what}."),
    # silent and missing
    "silent": ("Yang sunyi", "The silent"),
    "silent_none": ("Tidak ada sentra yang sunyi lebih dari 30 hari.", "No center was silent for over 30 days."),
    "silent_since": ("{center}: {n} hari, terakhir {day}", "{center}: {n} days, last on {day}"),
    "silent_never": ("{center}: belum pernah mengunggah", "{center}: never posted"),
    "silent_unknown": (
        "{center}: tidak diketahui, akunnya tidak semua dapat dilihat",
        "{center}: not known, not every account could be viewed",
    ),
    "missing": ("Yang tidak ada atau tidak terbaca", "The missing and the unread"),
    "missing_none": ("Semua sentra terbaca lengkap.", "Every center was read completely."),
    "missing_note": (
        "Tidak ada akun, belum diverifikasi, dan tidak terbaca adalah hal yang berbeda; tidak satu pun berarti nol.",
        "No account, not yet verified and not read are different things; none of them means zero.",
    ),
    "missing_number": ("tanpa jumlah pengikut ({reason})", "without a follower count ({reason})"),
    "missing_accounts": ("tidak punya akun: {platforms}", "no account: {platforms}"),
    "missing_unverified": ("belum diverifikasi: {platforms}", "not yet verified: {platforms}"),
    "missing_days": ("{n} hari-akun tidak terbaca", "{n} account-days not read"),
    "missing_unread": ("tidak terbaca malam itu: {platforms}", "not read that evening: {platforms}"),
    "missing_hidden": ("jumlah tidak ditampilkan: {platforms}", "count withheld: {platforms}"),
    "missing_expired": ("masa simpan angka habis: {platforms}", "count may not be kept any longer: {platforms}"),
    # scorecard
    "scorecard": ("Semua sentra", "All centers"),
    "own_figures": ("Angka bulan ini", "Figures of the month"),
    "figure": ("Angka", "Figure"),
    "value": ("Nilai", "Value"),
    "growth_pct": ("Pertumbuhan (%)", "Growth (%)"),
    "posts": ("Unggahan", "Posts"),
    "longest_silence": ("Jeda terpanjang (hari)", "Longest silence (days)"),
    "platforms_present": ("Platform wajib yang dimiliki", "Required platforms present"),
    "programs": ("Program disampaikan", "Programmes covered"),
    "completeness": ("Terbaca", "Captured"),
    "captured_of": (
        "{captured} dari {expected} hari-akun ({share})",
        "{captured} of {expected} account-days ({share})",
    ),
    "score": ("Skor", "Score"),
    "achievement": ("Capaian target", "Target achieved"),
    "engagement": ("Interaksi per pengikut (%)", "Interactions per follower (%)"),
    "ends": (
        "Nilai awal dibaca {start}, nilai akhir dibaca {end}. Pertumbuhan hanya dari akun yang jumlahnya diketahui "
        "pada kedua hari itu.",
        "The start was read on {start}, the end on {end}. Growth is of the accounts whose count is known on both days.",
    ),
    "chart_followers": ("Pengikut akun sepanjang bulan", "Account followers over the month"),
    "chart_note": (
        "Satuan: pengikut akun. Hari yang tidak terbaca lengkap dibiarkan kosong; pita adalah pembulatan platform.",
        "Unit: account followers. Days not read completely stay empty; the band is the platforms' rounding.",
    ),
    "chart_empty": ("Tidak satu hari pun terbaca lengkap.", "No day was read completely."),
    "chart_accounts": (
        "akun yang diketahui jumlahnya: {first}, lalu {last}; kedua angka tidak dibandingkan",
        "accounts with a known count: {first}, then {last}; the two figures are not compared",
    ),
    "chart_gaps": ("hari kosong: {n}", "empty days: {n}"),
    # programmes
    "programs_covered": ("Program yang disampaikan", "Programmes covered"),
    "programs_not_covered": ("Program yang belum disampaikan", "Programmes not covered"),
    "programs_unknown": (
        "{n} program tidak diketahui, karena tidak semua unggahan terbaca.",
        "{n} programmes are not known, because not every post could be read.",
    ),
    # method
    "method": ("Cara menghitung", "Method"),
    "indicator_sheet": ("Lembar indikator, versi {version}", "Indicator sheet, version {version}"),
    "target": ("Target", "Target"),
    "weights": ("Bobot skor, versi {version}", "Score weights, version {version}"),
    "weight_line": ("{measure}: {weight} dari 100", "{measure}: {weight} of 100"),
    "limits": ("Batas angka ini", "Limits of these figures"),
    "limit_rounding": (
        "Pembulatan: YouTube menampilkan tiga angka penting untuk jumlah di atas 1.000, dibulatkan ke bawah. "
        "Pertumbuhan di dalam pembulatan disebut tidak terukur, bukan nol.",
        "Rounding: YouTube shows three significant digits above 1,000, rounded down. Growth within the rounding is "
        "called not measurable, not zero.",
    ),
    "limit_breaks": (
        "Akun yang cara menghitung pengikutnya diubah platform bulan ini: {n}. Angka sebelum dan sesudahnya tidak "
        "dibandingkan.",
        "Accounts whose followers the platform counts in another way since this month: {n}. Figures before and after "
        "are not compared.",
    ),
    "limit_by_hand": (
        "Hari-akun yang diisi dari layar oleh petugas dan dikonfirmasi orang kedua: {n}.",
        "Account-days read off a screen by an officer and confirmed by a second person: {n}.",
    ),
    "limit_hidden": ("Hari-akun yang jumlahnya tidak ditampilkan: {n}.", "Account-days with the count withheld: {n}."),
    "limit_no_access": (
        "Akun wajib yang tidak ada atau belum diverifikasi: {n}. Angkanya tidak ada, bukan nol.",
        "Required accounts that do not exist or are not verified: {n}. There is no figure; it is not zero.",
    ),
    "limit_gaps": (
        "Terbaca {captured} dari {expected} hari-akun ({share}). Yang terlewat tetap kosong; tidak ada taksiran.",
        "Captured {captured} of {expected} account-days ({share}). What was missed stays empty; nothing is estimated.",
    ),
    "limit_retention_owner": (
        "{platform}: angka disimpan dengan izin pemilik akun.",
        "{platform}: counts are kept with the owner's authorisation.",
    ),
    "limit_retention_amendment": (
        "{platform}: angka disimpan lebih dari {days} hari karena platform menyetujui sistem ini; izin pemilik akun "
        "belum lengkap.",
        "{platform}: counts are kept for more than {days} days because the platform has accepted this system; not "
        "every account's owner has authorised us.",
    ),
    "limit_retention_none": (
        "{platform}: tanpa izin pemilik, angka hanya boleh disimpan {days} hari; setelah itu yang tersisa adalah "
        "sidik (sha256) dan angka yang ditutup di sini.",
        "{platform}: without the owner's authorisation counts may be kept for {days} days only; what stays after that "
        "is their sha256 and the figures closed here.",
    ),
    "limit_retention_forever": (
        "{platform}: tidak ada batas simpan untuk angka.",
        "{platform}: there is no limit for keeping counts.",
    ),
    # exceptions
    "exceptions": ("Catatan atas angka, dan jawaban sentra", "What to know beside the figures, and the answers"),
    "account": ("Akun", "Account"),
    "what": ("Catatan", "What"),
    "when": ("Kapan", "When"),
    "answer": ("Jawaban sentra", "The center's answer"),
    "no_answer": ("tanpa jawaban", "no answer"),
    "until": ("{first} s.d. {last}", "{first} to {last}"),
    "with_days": ("{span} ({n} hari)", "{span} ({n} days)"),
    "kind_not_captured": ("Tidak terbaca: {detail}", "Not read: {detail}"),
    "kind_no_account": ("Tidak ada angka: {detail}", "No figure: {detail}"),
    "kind_count_withheld": ("Jumlah pengikut tidak ditampilkan: {detail}", "Follower count withheld: {detail}"),
    "withheld_retention_expired": (
        "Jumlah pengikut dihapus karena masa simpannya habis: pemilik akun belum memberi izin, dan tanpa izin platform "
        "hanya membolehkan angka disimpan sebentar",
        "Follower count deleted because it may not be kept any longer: the account's owner has not authorised us, and "
        "without that the platform allows counts to be kept for a short time only",
    ),
    "kind_entered_by_hand": (
        "Diisi dari layar oleh petugas, dikonfirmasi orang kedua",
        "Read off a screen by an officer, confirmed by a second person",
    ),
    "kind_definition_break": (
        "Cara platform menghitung pengikut berubah; angka sebelum dan sesudahnya tidak dibandingkan ({detail})",
        "The platform now counts followers in another way; figures before and after are not compared ({detail})",
    ),
    "kind_identity_mismatch": (
        "Identitas akun berbeda ({detail}); mungkin diambil alih, tidak ikut peringkat",
        "The account's identity differs ({detail}); possibly taken over, left out of the ranks",
    ),
    "kind_renamed": (
        "Nama di platform berbeda dari registri: {detail}",
        "The name on the platform differs from the registry: {detail}",
    ),
    "kind_under_review": (
        "Verifikasi akun sudah lewat waktunya, sedang ditinjau ulang",
        "The account's verification is due for review",
    ),
    "kind_manual_differs": (
        "Isian petugas berbeda dari bacaan platform ({detail}); yang berlaku bacaan platform",
        "The entry by hand differs from the platform's ({detail}); the platform's counts",
    ),
    "kind_manual_waiting": (
        "Isian petugas belum dikonfirmasi orang kedua, jadi belum dihitung: {detail}",
        "An entry by hand waits for a second person and does not count yet: {detail}",
    ),
    "kind_handle_changed": ("Nama akun berganti: {detail}", "The account was renamed: {detail}"),
    "kind_account_closed": ("Akun ditutup dalam bulan ini: {detail}", "The account closed in the month: {detail}"),
    "kind_without_growth": ("Pertumbuhan tidak dapat dihitung: {detail}", "Growth cannot be computed: {detail}"),
    "kind_growth_within_rounding": (
        "Pertumbuhan tidak terukur, antara {detail}: di dalam pembulatan platform",
        "Growth is not measurable, between {detail}: within the platforms' rounding",
    ),
    "kind_without_number": ("Tanpa jumlah pengikut: {detail}", "Without a follower count: {detail}"),
    "detail_no_baseline": ("tidak ada angka bulan sebelumnya", "no figure of the month before"),
    "detail_definition_break": ("cara platform menghitung berubah", "the platform counts in another way"),
    "detail_not_captured": ("tidak terbaca", "not read"),
    "detail_closed": ("ditutup oleh sentra", "closed by the center"),
    "detail_suspended": ("ditangguhkan", "suspended"),
    "detail_no longer in the registry": ("tidak lagi terdaftar", "no longer in the registry"),
    # approvals, corrections, digests
    "approvals": ("Pengesahan", "Approvals"),
    "step": ("Langkah", "Step"),
    "person": ("Nama masuk", "Login"),
    "time": ("Waktu", "Time"),
    "step_drafted": ("Disusun", "Drafted"),
    "step_submitted": ("Diajukan (tim data)", "Submitted (data team)"),
    "step_checked": ("Diperiksa (humas)", "Checked (public relations)"),
    "step_approved": ("Disetujui (sekretaris)", "Approved (secretary)"),
    "corrections": ("Koreksi setelah penutupan", "Corrections after the close"),
    "corrections_note": (
        "Angka yang terbit tetap; koreksi berdiri di sampingnya.",
        "The published figure stays; the correction stands beside it.",
    ),
    "old": ("Angka terbit", "Published"),
    "new": ("Koreksi", "Correction"),
    "reason": ("Alasan", "Reason"),
    "document": ("Berita acara", "Document"),
    "requester": ("Diminta oleh", "Requested by"),
    "approver": ("Disetujui oleh", "Approved by"),
    # who had access
    "access": ("Siapa yang punya akses bulan itu", "Who had access that month"),
    "access_note": (
        "Dari awal bulan sampai penutupan, sebagaimana dicatat segel tiap malam. Hak mengubah bacaan dan "
        "arsip tidak diberikan kepada siapa pun; perubahan oleh pengelola server tampak pada rantai segel.",
        "From the month's first day to its close, as the nightly seals noted it. No login has the right to "
        "change evidence or record; what a server's administrator changes shows in the chain of seals.",
    ),
    "may": ("Boleh", "May"),
    "noted": ("Tercatat", "Noted"),
    "noted_from": ("sejak {first}", "since {first}"),
    "group_loader": ("menulis bacaan", "write what was read"),
    "group_transformer": ("menghitung angka", "compute figures"),
    "group_bi_reader": ("membaca angka", "read figures"),
    "group_center_reader": ("membaca angka sentranya sendiri", "read their own center's figures"),
    "group_auditor": ("membaca bukti dan arsip", "read evidence and record"),
    "group_closer": ("menutup bulan", "close months"),
    "group_retention": ("menghapus yang lewat masa simpan", "delete what has expired"),
    "group_superuser": ("mengelola server", "administer the server"),
    "group_owner": ("pemilik basis data", "own the database"),
    "digests": ("Sidik penutupan (sha256)", "Digests of the close (sha256)"),
    "digest_close": ("Penutupan", "Close"),
    "digest_scorecard": ("Angka", "Scorecard"),
    "digest_exceptions": ("Catatan", "Exceptions"),
    "digest_inputs": ("Registri, aturan, SQL", "Registry, rules, SQL"),
    "digest_seal": ("Segel bukti nomor {n}", "Seal of the evidence, number {n}"),
    "digest_code": ("Versi kode", "Code version"),
    "qr": (
        "Kode QR memuat sidik penutupan. Perintah ini memeriksanya kapan saja:",
        "The QR code holds the digest of the close. This command checks it at any time:",
    ),
}

# title, Indonesian, English: of docs/audit.md, "Indicator sheet"
INDICATOR_SHEET: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = (
    (
        ("Indikator", "Indicator"),
        ("keaktifan akun media sosial resmi sentra", "liveliness of the centers' official social media accounts"),
    ),
    (
        ("Ukuran", "Measures"),
        (
            "pengikut akun, pertumbuhannya dalam bulan, kemutakhiran dan jeda terpanjang, unggahan, platform, program",
            "followers, their growth in the month, recency and longest silence, posts, platforms, programmes",
        ),
    ),
    (
        ("Rumus", "Formula"),
        (
            "SQL yang disimpan bersama penutupan (audit.close_inputs, marts.fct_center_monthly)",
            "the SQL stored with the close (audit.close_inputs, marts.fct_center_monthly)",
        ),
    ),
    (
        ("Satuan", "Unit"),
        ("pengikut, persen, hari, unggahan; skor 0 sampai 100", "followers, percent, days, posts; score 0 to 100"),
    ),
    (
        ("Sumber", "Source"),
        (
            "API platform, dibaca sekali setiap malam; isian petugas yang dikonfirmasi orang kedua",
            "the platforms' APIs, read once every evening; entry by hand, confirmed by a second person",
        ),
    ),
    (("Frekuensi", "Frequency"), ("bulanan, bulan WIB", "monthly, WIB months")),
    (("Pemilik", "Owner"), ("Direktorat Jenderal Rehabilitasi Sosial", "Directorate General of Social Rehabilitation")),
)

EXCEPTION_KINDS = tuple(key.removeprefix("kind_") for key in TEXTS if key.startswith("kind_"))


def text(key: str, language: Language, **values: object) -> str:
    """A text in one language, with its values filled in."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def reason(code: str, language: Language) -> str | None:
    """A mart's reason for a missing figure, in words; None for an unknown code."""
    forms = TEXTS.get(f"detail_{code}") or TEXTS.get(f"reason_{code}")
    return forms[LANGUAGES.index(language)] if forms else None
