"""The canonical form of a person's name: two spellings of one name are one person.

PostgreSQL has the same rule (`audit.canonical_person`, migration 0016), and its constraints compare by it.
"""

import re
import unicodedata

# Written for this project from the well-known look-alikes of Unicode (UTS 39): each letter of the first line looks like
# the Latin letter below it. Letters with marks (é, ї, ø excepted) lose them by decomposition first.
LOOK_ALIKES = (
    "АаВЕеКкМмНнОоРрСсТтУуХхІіЈјЅѕҺһԀԁԚԛԜԝѴѵӀӏьзгип"  # Cyrillic
    "ΑαΒβΕεΖΗηΙιΚκΜΝνΟοΡρΤτΥυΧχϳγω"  # Greek
    "օոսհցԼ"  # Armenian
    "ıȷɑɡɩɪʏɴʀʟʙɢʜłŁøØđĐ"  # Latin
    "ᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ"  # small capitals
    "01|"
)
LATIN = (
    "AaBEeKkMmHhOoPpCcTtYyXxIiJjSsHhDdQqWwVvllb3run"
    "AaBbEeZHnIiKkMNvOoPpTtYuXxjyw"
    "onuhgL"
    "ijagiiynrlbghlLoOdD"
    "acdejkmoptuvwz"
    "oll"
)
_LATIN_OF = str.maketrans(LOOK_ALIKES, LATIN)

# Marks above and below letters, and characters that nobody sees.
_UNSEEN = re.compile(
    "[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_SPACES = re.compile("[\t\n\v\f\r \u0085\u1680\u2028\u2029]+")
_UPPER = re.compile("[A-Z]+")


def canonical_person(name: str) -> str:
    """The name in lower case, with Latin letters for their look-alikes and single spaces.

    Args:
        name: as typed, or as Airflow or the database has authenticated it.
    """
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKD", name)).translate(_LATIN_OF)
    return _SPACES.sub(" ", _UPPER.sub(lambda letters: letters[0].lower(), seen)).strip(" ")


def is_latin(name: str) -> bool:
    """Whether the canonical form is printable ASCII; any other letter might look like one, and is refused."""
    return re.fullmatch("[ -~]+", canonical_person(name)) is not None
