"""Invented Indonesian captions about the centers' programmes, and false friends that only sound like them.

Each topic is a list of sentences. False friends: a pen is not PENA, attention is not ATENSI, a price of groceries is
not food assistance.
"""

import random
import unicodedata

TOPICS: dict[str, list[str]] = {
    "yapi": [
        "Penyaluran bantuan ATENSI YAPI bagi {n} anak yatim piatu di {city}.",
        "Verifikasi lapangan calon penerima bantuan YAPI: anak yatim, piatu dan yatim piatu di {city}.",
    ],
    "permakanan": [
        "Permakanan bagi {n} lansia tunggal dan penyandang disabilitas di {city}, makanan siap saji dua kali sehari.",
        "Petugas mengantar bansos permakanan ke rumah Mbah Sar (nama samaran), lansia terlantar di {city}.",
    ],
    "bpnt": [
        "Sosialisasi BPNT / Program Sembako: kartu KKS dipegang sendiri oleh KPM, ya Sahabat Sosial.",
        "Pendampingan KPM bantuan pangan non tunai di {city}, {n} keluarga hadir.",
    ],
    "pena": [
        "Graduasi! {n} KPM Pahlawan Ekonomi Nusantara (PENA) di {city} resmi mandiri dari bansos.",
        "Program PENA Berdikari: modal usaha untuk warung Ibu Wati (nama samaran).",
    ],
    "atensi": [
        "Penyaluran bantuan ATENSI untuk {n} penerima manfaat: {n2} disabilitas, {n3} lansia dan anak.",
        "Asistensi Rehabilitasi Sosial: terapi, dukungan keluarga dan pelatihan vokasional di {center}.",
        "Sentra Kreasi ATENSI kini buka setiap hari kerja, mari belanja karya penerima manfaat.",
    ],
    "outreach": [
        "Respons kasus dan penjangkauan: pekerja sosial {center} menjangkau lansia terlantar di {city}.",
        "Penjangkauan malam bersama Dinas Sosial: {n2} orang gelandangan dan pengemis dirujuk ke {center}.",
        "Tim URC turun ke lapangan, asesmen komprehensif bagi anak korban kekerasan di {city}.",
    ],
    "disability": [
        "Penyerahan {n2} kursi roda adaptif dan alat bantu dengar bagi penyandang disabilitas di {city}.",
        "Pelatihan braille untuk disabilitas netra, terima kasih para relawan.",
    ],
    "disaster": [
        "Layanan Dukungan Psikososial bagi anak-anak penyintas banjir di {city}. Dapur umum Tagana melayani {n} porsi.",
        "Logistik bencana diberangkatkan dari lumbung sosial {center}.",
    ],
    "school": ["Hari pertama Sekolah Rakyat di {center}: {n} siswa, satu harapan."],
    "false_friends": [
        "Lomba menulis dengan pena bulu dalam rangka bulan bahasa, hadiahnya pena dan buku.",
        "Mohon atensi: pelayanan tutup pada hari libur nasional.",
        "Harga sembako di pasar {city} naik jelang hari raya, begini tips belanja hemat.",
        "Kunjungan siswa SMP YAPI ke {center}, selamat datang adik-adik!",
        "Kasus itu menjadi atensi Mabes Polri, kami menunggu hasil penyelidikan.",
        "Selamat Hari Kartini! Habis gelap terbitlah terang.",
        "Bunga aster di taman {center} sedang mekar.",
    ],
    "greeting": [
        "Selamat pagi Sahabat Sosial, semangat hari Senin dari {center}!",
        "Apel pagi pegawai {center}.",
        "Jumat bersih bersama penerima manfaat.",
    ],
}
TOPIC_WEIGHTS = {
    "yapi": 3, "permakanan": 3, "bpnt": 2, "pena": 3, "atensi": 5, "outreach": 5, "disability": 3,
    "disaster": 2, "school": 1, "false_friends": 4, "greeting": 3,
}  # fmt: skip
HASHTAGS = ["#KemensosHadir", "#BantuanATENSI", "#SentraKemensos", "#PahlawanEkonomiNusantara", "#TaganaHadir"]
EMOJI = ["🙏", "❤️", "👨‍👩‍👧‍👦", "👩🏽‍🦽", "🧑🏿‍🤝‍🧑🏻", "🏳️‍🌈", "🇮🇩", "✨", "💪🏼", "👵🏻"]
ARABIC = ["السلام عليكم ورحمة الله وبركاته", "جزاكم الله خيرا", "الحمد لله رب العالمين"]
RIGHT_TO_LEFT_OVERRIDE, POP, ZERO_WIDTH_SPACE = "\u202e", "\u202c", "\u200b"
CAMPAIGNS = {
    (5, 29): "Selamat Hari Lanjut Usia Nasional! Lansia bahagia, Indonesia maju. #HLUN #LansiaBahagia",
    (6, 26): "Hari Anti Narkotika Internasional: pulih itu bisa. #HANI",
    (7, 23): "Selamat Hari Anak Nasional! Anak terlindungi, Indonesia maju. #HariAnakNasional #HAN",
    (9, 5): "Serentak 31 sentra: kenali layanan rehabilitasi sosial di dekat Anda. #SentraUntukSemua",
    (10, 20): "Serentak 31 sentra: lapor dan rujuk warga rentan di sekitar Anda. #SentraUntukSemua",
    (12, 3): "Hari Disabilitas Internasional: setara, mandiri, berkarya. #HDI #Disabilitas",
    (12, 20): "Hari Kesetiakawanan Sosial Nasional. #HKSN",
}

_TOPIC_NAMES = list(TOPIC_WEIGHTS)
_WEIGHTS = list(TOPIC_WEIGHTS.values())


def write_caption(draws: random.Random, style: str, center_name: str, city: str, campaign: str | None) -> str:
    """A caption in the account's style. The first line can serve as a title."""
    if campaign is not None:
        sentence = campaign
    else:
        topic = draws.choices(_TOPIC_NAMES, _WEIGHTS)[0]
        sentence = draws.choice(TOPICS[topic]).format(
            center=center_name,
            city=city,
            n=draws.randint(12, 240),
            n2=draws.randint(2, 105),
            n3=draws.randint(2, 40),
        )
    lines = [_styled(draws, style, sentence)]
    if draws.random() < 0.3:
        lines.append(
            "Kegiatan ini dilaksanakan bersama pemerintah daerah, pilar-pilar sosial dan masyarakat setempat. "
            "Sahabat Sosial yang mengetahui warga membutuhkan layanan rehabilitasi sosial dapat menghubungi "
            f"{center_name} pada jam kerja, atau datang langsung ke kantor kami di {city}. "
            "Layanan tidak dipungut biaya."
        )
    if draws.random() < 0.6:
        lines.append(" ".join(draws.sample(HASHTAGS, 2)))
    return "\n\n".join(lines)


def _styled(draws: random.Random, style: str, sentence: str) -> str:
    if style == "emoji":
        return f"{draws.choice(EMOJI)} {sentence} {''.join(draws.sample(EMOJI, 3))}"
    if style == "arabic":
        return f"{draws.choice(ARABIC)}\n{sentence}"
    if style == "mathematical_bold":
        return _bold(sentence)
    if style == "right_to_left":
        return f"{RIGHT_TO_LEFT_OVERRIDE}{draws.choice(ARABIC)}{POP} {sentence}{ZERO_WIDTH_SPACE}"
    return sentence


def _bold(sentence: str) -> str:
    return "".join(
        unicodedata.lookup(f"MATHEMATICAL BOLD {'CAPITAL' if letter.isupper() else 'SMALL'} {letter.upper()}")
        if letter.isascii() and letter.isalpha()
        else letter
        for letter in sentence
    )
