"""Superset's settings, from the environment: for the local stack, and to start from on one's own server.

Superset finds this file by SUPERSET_CONFIG_PATH. It never sees the service login of the warehouse: charts read by a
login of the role social_metrics_bi_reader, which comes with the dashboards.
"""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# Indonesian first; English twins of the dashboards are dashboards of their own.
BABEL_DEFAULT_LOCALE = "id"
LANGUAGES = {"id": {"flag": "id", "name": "Bahasa Indonesia"}, "en": {"flag": "us", "name": "English"}}

# Numbers and dates as Indonesians write them: 1.234,5 and 24/11/2026.
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["Rp", ""]}
D3_TIME_FORMAT = {
    "dateTime": "%A, %d %B %Y %H.%M.%S",
    "date": "%d/%m/%Y",
    "time": "%H.%M.%S",
    "periods": ["AM", "PM"],
    "days": ["Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"],
    "shortDays": ["Min", "Sen", "Sel", "Rab", "Kam", "Jum", "Sab"],
    "months": [
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ],
    "shortMonths": ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
}

# Row-level security holds in SQL Lab as it does in charts; by default it would not.
FEATURE_FLAGS = {"RLS_IN_SQLLAB": True, "DRILL_TO_DETAIL": True, "DRILL_BY": True}

# A figure on the page is the warehouse's, not a cache's.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

TALISMAN_ENABLED = os.environ.get("SUPERSET_BEHIND_TLS", "") == "1"  # it demands HTTPS
SESSION_COOKIE_SECURE = TALISMAN_ENABLED
SESSION_COOKIE_SAMESITE = "Lax"
