"""Versions of the seed files: each content that came into force, so that closes and purges can be held against it."""

import hashlib

import psycopg

from social_metrics.settings import Settings

PERSONAL = ("roles",)
"""Registry files with the names and addresses of people; no figure and no purge rests on them."""


def seed_files(settings: Settings) -> dict[str, str]:
    """The content of every seed file, as `seeds.<name>`."""
    folders = (settings.registry_dir, settings.dbt_project_dir / "seeds" / "rules")
    files = [file for folder in folders for file in sorted(folder.resolve().glob("*.csv"))]
    return {f"seeds.{file.stem}": file.read_text(encoding="utf-8") for file in files if file.stem not in PERSONAL}


def note_seed_versions(connection: psycopg.Connection, settings: Settings) -> None:
    """Note the content of every seed file that differs from the one noted last.

    Args:
        connection: as the role transformer or recorder; the caller commits.
        settings: where the registry and the rules are.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.rule_versions (name, content, sha256) select %(name)s, %(content)s, %(sha256)s "
            "where %(sha256)s is distinct from "
            "(select sha256 from ops.rule_versions where name = %(name)s order by noted_at desc limit 1)",
            [
                {"name": name, "content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()}
                for name, content in seed_files(settings).items()
            ],
        )
