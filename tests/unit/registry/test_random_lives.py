"""Random lives of accounts and centers: what the registry says of every date is what a diary of plain days says.

The diary shares no code with the registry: it has a cell for each account and day, and every command fills cells.
"""

import random
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from social_metrics.registry.account_urls import read_account_url
from social_metrics.registry.center_edits import close_center, merge_centers
from social_metrics.registry.change_log import Author, ChangeRefused, history_conflicts, read_changes
from social_metrics.registry.edits import RegistryEdit, editing
from social_metrics.registry.registry import RegistryProblem, load_registry
from social_metrics.settings import DEFAULT_REGISTRY

FIRST, DAYS, STEPS = date(2026, 9, 1), 90, 60
CENTERS, PLATFORMS = ("kartini", "satria", "efata", "mahatmiya"), ("x", "tiktok")
ADDRESS = {"x": "https://x.com/{}", "tiktok": "https://www.tiktok.com/@{}"}
PEOPLE = ("ani", "budi", "cici")
OPEN = ("submitted", "verified", "suspended")

Cell = tuple[str, str, str]  # center, status, handle


@dataclass
class Diary:
    """What is expected: a cell per account and day, and the last day of each center."""

    accounts: dict[str, list[Cell | None]]
    ended: dict[str, int] = field(default_factory=dict)

    def fill(self, code: str, since: int, *, center: str = "", status: str = "", handle: str = "") -> None:
        cells = self.accounts[code]
        for day in range(since, DAYS):
            old = cells[day] or ("", "", "")
            cells[day] = (center or old[0], status or old[1], handle or old[2])

    def leave(self, code: str, center: str, since: int, *, into: str = "") -> None:
        """The account moves, or is closed, as long as it is the center's."""
        cells = self.accounts[code]
        for day in range(since, DAYS):
            cell = cells[day]
            if cell is None or cell[0] != center:
                return
            cells[day] = (into, *cell[1:]) if into else (center, "closed", cell[2])

    def end(self, center: str, since: int, into: str = "") -> None:
        """All that a center has from a day on moves to another one, or is closed."""
        self.ended[center] = since
        for code, cells in self.accounts.items():
            mine = [day for day in range(since, DAYS) if (cell := cells[day]) and cell[0] == center]
            still_open = [day for day in mine if (cells[day] or ("", "", ""))[1] != "closed"]
            if still_open:
                last = (cells[still_open[-1]] or ("", "", ""))[1]
                self.leave(code, center, still_open[0], into=into if last in OPEN else "")


@pytest.mark.parametrize("seed", range(6))
def test_the_registry_of_every_day_is_that_of_a_diary(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    folder = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    platforms = load_registry(folder).platforms
    draw = random.Random(seed)
    diary = Diary({f"{c}-{p}": [(c, "placeholder", "")] * DAYS for c in CENTERS for p in PLATFORMS})
    today, made = 0, 0
    for step in range(STEPS):
        today = min(today + draw.choice((0, 0, 1, 2, 3)), DAYS - 1)
        instant = datetime.combine(FIRST + timedelta(days=today), datetime.min.time(), UTC) + timedelta(hours=3)
        author = Author(draw.choice(PEOPLE), instant, "SK 1")
        since = max(0, today - draw.choice((0, 0, 2, 10)))
        on = FIRST + timedelta(days=since)
        with_address = [known for known, cells in diary.accounts.items() if (cells[today] or ("", "", ""))[2]]
        code = draw.choice(with_address * 5 + [*diary.accounts])
        center, other = draw.sample(CENTERS, 2)
        platform, handle = draw.choice(PLATFORMS), f"name_{step}"
        address = read_account_url(ADDRESS[platform].format(handle), platforms)
        expected = Diary({known: [*cells] for known, cells in diary.accounts.items()}, dict(diary.ended))

        def submit(edit: RegistryEdit, expected: Diary = expected) -> None:
            new = edit.submit(center, address, author, is_another=True)  # noqa: B023
            expected.accounts.setdefault(new, [None] * DAYS)
            expected.fill(new, today, center=center, status="submitted", handle=handle)  # noqa: B023

        def verify(edit: RegistryEdit, expected: Diary = expected) -> None:
            edit.verify(code, author)  # noqa: B023
            expected.fill(code, today, status="verified")  # noqa: B023

        def suspend(edit: RegistryEdit, expected: Diary = expected) -> None:
            edit.mark(code, "suspended", author)  # noqa: B023
            expected.fill(code, today, status="suspended")  # noqa: B023

        def rename(edit: RegistryEdit, expected: Diary = expected) -> None:
            edit.rename(code, address, author)  # noqa: B023
            expected.fill(code, today, status="submitted", handle=handle)  # noqa: B023

        def move(edit: RegistryEdit, expected: Diary = expected) -> None:
            edit.move(code, other, on, author)  # noqa: B023
            owner = (expected.accounts[code][since] or ("", "", ""))[0]  # noqa: B023
            expected.leave(code, owner, since, into=other)  # noqa: B023

        def close(edit: RegistryEdit, expected: Diary = expected) -> None:
            edit.close(code, on, author)  # noqa: B023
            expected.fill(code, since, status="closed")  # noqa: B023

        def merge(edit: RegistryEdit, expected: Diary = expected) -> None:
            merge_centers(edit, center, other, on, author)  # noqa: B023
            expected.end(center, since, other)  # noqa: B023

        def end(edit: RegistryEdit, expected: Diary = expected) -> None:
            close_center(edit, center, on, author, close_accounts=True)  # noqa: B023
            expected.end(center, since)  # noqa: B023

        likely = {submit: 6, verify: 6, rename: 2, move: 6, close: 1, suspend: 1, merge: 0.5, end: 0.2}
        likely[submit] += 60 if len(with_address) < 3 else 0
        command = draw.choices([*likely], [*likely.values()])[0]
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        try:
            with editing(folder) as edit:
                command(edit)
        except (ChangeRefused, RegistryProblem):
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
            continue
        print(f"{FIRST + timedelta(days=today)} {author.name}: {command.__name__} {dict(edit.notes)}")
        made, diary = made + 1, expected
        compare(folder, diary, FIRST + timedelta(days=today))
    assert made > STEPS / 6, "too few commands were possible to prove anything"


def compare(folder: Path, diary: Diary, today: date) -> None:
    registry = load_registry(folder)
    assert history_conflicts(registry, read_changes(folder), today) == []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        for code, cells in diary.accounts.items():
            row = registry.account_on(code, day)
            assert (row and (row.center_code, row.status, row.handle or "")) == cells[number], (code, day)
            if row is not None and row.status != "closed":
                assert registry.center_on(row.center_code, day) is not None
        for center in CENTERS:
            is_there = registry.center_on(center, day) is not None
            assert is_there == (number < diary.ended.get(center, DAYS)), (center, day)
