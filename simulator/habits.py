"""Behaviour of each account: size, growth, cadence and special cases.

The demo's centers have named habits; every other account gets one from the seed. Days are counted from the first day of
the history (`--start-date`).
"""

import random
from dataclasses import dataclass, replace

GROWING, FLAT, SHRINKING, BOT_PURGE, VIRAL, NEW = "growing", "flat", "shrinking", "bot_purge", "viral", "new"
DELETED, SUSPENDED, PRIVATE = "deleted", "suspended", "private"

HISTORY_DAYS = 120
BOT_PURGE_DAY = 70
VIRAL_DAY = 85
NEW_ACCOUNT_DAY = 45
DELETED_DAY = 60
SUSPENDED_DAY = 75
PRIVATE_DAY = 80


@dataclass(frozen=True)
class Habit:
    """One account's behaviour. `size` is its number of followers on the first day of the history."""

    size: int
    curve: str = GROWING
    daily_growth: float = 0.0008
    posts_per_week: float = 3.0
    silent_since_march: bool = False
    never_posts: bool = False
    exists_from: int | None = None
    ends: tuple[str, int] | None = None
    count_hidden: bool = False
    likes_hidden: bool = False
    comments_off: bool = False
    pins_a_post: bool = False
    night_posts: bool = False
    publishes_late: bool = False
    deletes_posts: bool = False
    photos_only: bool = False
    caption_style: str = "plain"


CENTER_SIZES = {
    "soeharso": 386_000,
    "kartini": 143_000,
    "handayani": 97_000,
    "pangudi-luhur": 71_500,
    "gau-mabaji": 30_100,
    "mulya-jaya": 28_700,
    "paramita": 24_900,
    "satria": 21_300,
    "antasena": 18_800,
    "phalamartha": 16_500,
    "budi-luhur": 14_200,
    "tumou-tou": 12_900,
    "alyatama": 11_700,
    "insyaf": 10_400,
    "abiseka": 9_300,
    "mahatmiya": 8_800,
    "darussaadah": 7_900,
    "margo-laras": 7_100,
    "dharma-guna": 6_400,
    "budi-perkasa": 5_600,
    "bahagia": 4_900,
    "nipotowe": 4_200,
    "meohai": 3_600,
    "pangurangi": 2_900,
    "galih-pakuan": 2_300,
    "wirajaya": 1_700,
    "efata": 1_100,
    "ciungwanara": 560,
    "wasana-bahagia": 84,
}
PLATFORM_SHARES = {"facebook": 0.38, "instagram": 0.27, "youtube": 0.18, "tiktok": 0.12, "x": 0.05}
POSTS_PER_WEEK = {"facebook": 5.0, "instagram": 4.5, "youtube": 1.2, "tiktok": 2.2, "x": 4.0}

# Ranks five and six: flat accounts whose sums differ by less than YouTube's rounding.
TIED_SIZES = {
    "inten-soeweno": {"youtube": 14_382, "facebook": 21_040, "instagram": 10_660, "tiktok": 4_120, "x": 1_905},
    "wyata-guna": {"youtube": 11_857, "facebook": 23_510, "instagram": 9_870, "tiktok": 4_655, "x": 2_217},
}
TIED_ELSEWHERE = 1_150  # on any other platform both have the same size, so that an added platform keeps the tie

NAMED_CENTERS = CENTER_SIZES.keys() | TIED_SIZES.keys()

CENTER_HABITS: dict[str, dict[str, object]] = {
    "inten-soeweno": {"curve": FLAT, "daily_growth": 0.0},
    "wyata-guna": {"curve": FLAT, "daily_growth": 0.0},
    "budi-luhur": {"silent_since_march": True, "curve": FLAT},
    "galih-pakuan": {"silent_since_march": True, "curve": SHRINKING},
    "abiseka": {"night_posts": True},
    "darussaadah": {"caption_style": "arabic"},
    "insyaf": {"caption_style": "right_to_left"},
    "paramita": {"caption_style": "emoji"},
    "gau-mabaji": {"caption_style": "mathematical_bold"},
    "phalamartha": {"publishes_late": True},
    "dharma-guna": {"deletes_posts": True},
    "wasana-bahagia": {"daily_growth": 0.002, "posts_per_week": 0.5},
    "ciungwanara": {"curve": SHRINKING, "posts_per_week": 0.08},
    "pangurangi": {"posts_per_week": 0.2},
}
ACCOUNT_HABITS: dict[str, dict[str, object]] = {
    "soeharso-youtube": {"size": 187_650, "curve": GROWING},
    "kartini-instagram": {"curve": VIRAL, "pins_a_post": True},
    "kartini-tiktok": {"curve": VIRAL},
    "handayani-x": {"curve": BOT_PURGE},
    "mulya-jaya-facebook": {"curve": BOT_PURGE},
    "satria-youtube": {"count_hidden": True},
    "antasena-youtube": {"likes_hidden": True},
    "wyata-guna-youtube": {"comments_off": True},
    "wirajaya-youtube": {"never_posts": True},
    "margo-laras-youtube": {"publishes_late": True},
    "tumou-tou-facebook": {"photos_only": True},
    "mahatmiya-facebook": {"pins_a_post": True},
    "mahatmiya-instagram": {"likes_hidden": True},
    "alyatama-tiktok": {"curve": NEW, "exists_from": NEW_ACCOUNT_DAY},
    "efata-instagram": {"ends": (DELETED, DELETED_DAY)},
    "nipotowe-x": {"ends": (SUSPENDED, SUSPENDED_DAY)},
    "pangurangi-x": {"ends": (PRIVATE, PRIVATE_DAY)},
}

UNNAMED_CADENCE = 0.3  # thousands of multiplied accounts must fit into memory
ORDINARY_CURVES = [GROWING] * 6 + [FLAT] * 3 + [SHRINKING]


def habit_of(seed: int, account_code: str, center_code: str, platform: str) -> Habit:
    """The habit of an account; depends on the seed and the account only."""
    draws = random.Random(f"{seed}:habit:{account_code}")
    center_draws = random.Random(f"{seed}:center:{center_code}")
    center_size = CENTER_SIZES.get(center_code) or int(10 ** center_draws.uniform(1.7, 4.6))
    share = PLATFORM_SHARES.get(platform, 0.05) * draws.uniform(0.6, 1.4)
    cadence = POSTS_PER_WEEK.get(platform, 2.0) * (1.0 if center_code in NAMED_CENTERS else UNNAMED_CADENCE)
    habit = Habit(
        size=max(3, int(center_size * share)),
        curve=draws.choice(ORDINARY_CURVES),
        daily_growth=draws.uniform(0.0003, 0.0016),
        posts_per_week=cadence * center_draws.uniform(0.3, 1.6) * draws.uniform(0.5, 1.5),
        silent_since_march=center_code not in NAMED_CENTERS and draws.random() < 0.05,
        caption_style="emoji" if draws.random() < 0.25 else "plain",
    )
    if center_code in TIED_SIZES:
        habit = replace(habit, size=TIED_SIZES[center_code].get(platform, TIED_ELSEWHERE))
    known = CENTER_HABITS.get(center_code, {}) | ACCOUNT_HABITS.get(account_code, {})
    return replace(habit, **known)  # type: ignore[arg-type]
