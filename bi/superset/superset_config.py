"""Superset's settings, from the environment: for the local stack, and as a template for a server.

Superset finds this file by SUPERSET_CONFIG_PATH. It never gets the service login of the warehouse: charts use the
logins that `social-metrics bi logins` creates, one for leadership and one for each center.
"""

import hashlib
import hmac
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# Indonesian first; the English dashboards are separate dashboards.
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

# Row-level security applies in SQL Lab as well; by default it does not.
FEATURE_FLAGS = {"RLS_IN_SQLLAB": True, "DRILL_TO_DETAIL": True, "DRILL_BY": True}

# No cache: figures are always current, and no center gets another center's rows.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

TALISMAN_ENABLED = os.environ.get("SUPERSET_BEHIND_TLS", "") == "1"  # it requires HTTPS
SESSION_COOKIE_SECURE = TALISMAN_ENABLED
SESSION_COOKIE_SAMESITE = "Lax"

LEADERSHIP_ROLE = "social-metrics pimpinan"
CENTER_ROLE = "social-metrics sentra "  # followed by the center's code
WAREHOUSE_LOGIN = os.environ["SOCIAL_METRICS_BI_LOGIN"]
WAREHOUSE_LOGIN_KEY = os.environ["SOCIAL_METRICS_BI_LOGIN_KEY"]


def DB_CONNECTION_MUTATOR(uri, params, username, security_manager, source):  # noqa: ANN001, ANN201, N802 - Superset's own
    """Choose the warehouse's login by the user: a center's login sees only the center's rows.

    The stored address has leadership's login. A user who is neither an administrator, nor of leadership, nor of exactly
    one center gets no connection.
    """
    if uri.username != WAREHOUSE_LOGIN:
        return uri, params
    user = security_manager.find_user(username=username) if username else None
    roles = {role.name for role in security_manager.get_user_roles(user)} if user else set()
    if roles & {"Admin", LEADERSHIP_ROLE}:
        return uri, params
    centers = [role.removeprefix(CENTER_ROLE) for role in roles if role.startswith(CENTER_ROLE)]
    if len(centers) != 1:
        raise PermissionError(f"{username or 'Anonymous'} has no role of leadership and not exactly one of a center.")
    login = f"{WAREHOUSE_LOGIN}_{centers[0].replace('-', '_')}"
    password = hmac.new(WAREHOUSE_LOGIN_KEY.encode(), login.encode(), hashlib.sha256).hexdigest()
    return uri.set(username=login, password=password), params
