"""roles.csv: who signs and who is written to, every fault named by line and column."""

from pathlib import Path

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.registry.roles import holders_of, load_roles

HEADER = "role_code,person,email,center_code,airflow_user_id\n"


def write(folder: Path, *lines: str) -> Path:
    (folder / "roles.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return folder


def test_roles_are_found_by_role_and_center(tmp_path: Path) -> None:
    assert load_roles(tmp_path) == ()
    assert load_roles(write(tmp_path)) == ()
    roles = load_roles(
        write(
            tmp_path,
            "maker,ani,data@example.go.id,,7",
            "center_officer,siti,,kartini,",
            "center_officer,,satria@example.go.id,satria,",
        )
    )
    (maker,) = holders_of(roles, "maker")
    assert (maker.person, maker.airflow_user_id, maker.email) == ("ani", "7", "data@example.go.id")
    assert [holder.person for holder in holders_of(roles, "center_officer", "kartini")] == ["siti"]
    assert holders_of(roles, "approver") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("boss,ani,,,", "column role_code: 'boss' is not allowed"),
        ("center_officer,ani,,,", "column center_code: '' is blank"),
        ("maker,ani,,kartini,", "only a center_officer belongs to a center"),
        ("maker,,,,", "and so is email"),
        ("maker,ani,ani@a,budi@b,,", "cells"),
        ("maker,ani,not an address,,", "is not one e-mail address"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        load_roles(write(tmp_path, line))


def test_a_person_has_one_spelling(tmp_path: Path) -> None:
    assert len(load_roles(write(tmp_path, "maker,ani,,,", "checker,ani,,,"))) == 2, "the record refuses the second step"
    for other in ("Ani", "ANI", "\u0430ni", "ani\u200b"):
        with pytest.raises(UsageProblem, match=r"line 3.*reads as 'ani'"):
            load_roles(write(tmp_path, "maker,ani,,,", f"checker,{other},,,"))
    with pytest.raises(UsageProblem, match="not Latin"):
        load_roles(write(tmp_path, "maker,\u0628\u0648\u062f\u064a,,,"))
