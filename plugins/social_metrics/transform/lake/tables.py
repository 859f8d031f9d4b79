"""Tables and columns that land in the lake: those that models read, and no others.

Captions, bodies of responses, attachments and tokens never land.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
import pyarrow as pa

_TYPES: dict[str, tuple[pa.DataType, str]] = {
    "text": (pa.string(), "string"),
    "uuid": (pa.string(), "string"),
    "bigint": (pa.int64(), "bigint"),
    "integer": (pa.int32(), "int"),
    "boolean": (pa.bool_(), "boolean"),
    "date": (pa.date32(), "date"),
    "timestamp with time zone": (pa.timestamp("us", tz="UTC"), "timestamp"),
    "numeric(12,6)": (pa.decimal128(12, 6), "decimal(12, 6)"),
    "text[]": (pa.list_(pa.string()), "array<string>"),
}
"""PostgreSQL's type → Arrow's, and Spark's name of it."""


@dataclass(frozen=True)
class LandedTable:
    """A table of raw or ops, and the date that partitions its rows in the lake.

    It is the WIB date of the instant that the row is about; where rows change in place (credentials), of the change.
    """

    name: LiteralString  # schema.table
    dated: LiteralString  # SQL of type date
    key: LiteralString  # orders the rows of a partition
    names: LiteralString  # of the columns
    expiring: Mapping[str, LiteralString] = field(default_factory=dict)  # column → its value after `expires_at`

    @property
    def columns(self) -> list[LiteralString]:
        """The landed columns, in the order of the files."""
        return self.names.split()


@dataclass(frozen=True)
class LandedColumns:
    """The columns of a landed table, with the types that they have in the warehouse."""

    table: LandedTable
    types: Mapping[str, str]

    @classmethod
    def of(cls, connection: psycopg.Connection, table: LandedTable) -> "LandedColumns":
        """Read the types from the warehouse."""
        rows = connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s::regclass",
            (table.name,),
        )
        return cls(table, dict(rows.fetchall()))

    def expressions(self) -> LiteralString:
        """SQL that reads them, with `%(as_of)s` for the instant at which retention is judged."""
        return ", ".join(self._expression(name) for name in self.table.columns)

    def arrow_schema(self) -> pa.Schema:
        """The columns of the Parquet files."""
        return pa.schema([(name, _TYPES[self.types[name]][0]) for name in self.table.columns])

    def for_spark(self) -> str:
        """The columns for Spark's `create table`, without the partition's date."""
        return ", ".join(f"{name} {_TYPES[self.types[name]][1]}" for name in self.table.columns)

    def _expression(self, name: LiteralString) -> LiteralString:
        value: LiteralString = f"{name}::text" if self.types[name] == "uuid" else name
        expired = self.table.expiring.get(name)
        return value if expired is None else f"case when expires_at <= %(as_of)s then {expired} else {value} end"


def _wib(instant: LiteralString) -> LiteralString:
    return f"({instant} at time zone 'Asia/Jakarta')::date"


def _emptied(counts: LiteralString) -> dict[str, LiteralString]:
    return dict.fromkeys(counts.split(), "null")


TABLES: tuple[LandedTable, ...] = (
    LandedTable(
        "raw.profile_snapshots",
        _wib("captured_at"),
        "captured_at, attempt_id",
        "attempt_id response_id account_code platform run_id handle_seen platform_account_id_seen "
        "metric_definition_id authorization_mode source followers_count followers_precision_step following_count "
        "posts_count views_count followers_state try_number captured_at expires_at loaded_at",
        _emptied("followers_count followers_precision_step following_count posts_count views_count")
        | {"followers_state": "'retention_expired'"},
    ),
    LandedTable(
        "raw.posts",
        _wib("captured_at"),
        "captured_at, account_code, post_id, response_id",
        "account_code platform post_id url post_type content_hash presence source run_id response_id caption_length "
        "like_count comment_count share_count view_count captured_at published_at expires_at loaded_at",
        _emptied("like_count comment_count share_count view_count"),
    ),
    LandedTable(
        "raw.capture_outcomes",
        _wib("attempted_at"),
        "attempted_at, attempt_id",
        "attempt_id response_id account_code platform run_id outcome detail next_step posts_read source posts_seen "
        "try_number attempted_at retry_at loaded_at",
    ),
    LandedTable(
        "raw.manual_entries",
        "as_of_date",
        "account_code, version",
        "account_code platform followers_displayed followers_state metric_definition_id last_post_url "
        "posts_looked_at program evidence_sha256 entered_by source version followers_count followers_precision_step "
        "is_outreach as_of_date observed_at last_post_at loaded_at",
    ),
    LandedTable(
        "raw.manual_confirmations",
        "as_of_date",
        "account_code, version",
        "account_code decision version as_of_date confirmed_at",
    ),
    LandedTable(
        "ops.account_confirmations",
        _wib("confirmed_at"),
        "confirmed_at, account_code",
        "account_code confirmed_at",
    ),
    LandedTable(
        "ops.doubted_listings",
        "run_date",
        "account_code",
        "account_code detail known_count run_date listed_at",
    ),
    LandedTable(
        "ops.tag_rulesets",
        _wib("first_used_at"),
        "ruleset_id",
        "ruleset_id ruleset_version campaign_codes",
    ),
    LandedTable(
        "ops.tagged_captions",
        _wib("tagged_at"),
        "account_code, post_id, content_hash, ruleset_id",
        "account_code post_id content_hash ruleset_id tagged_at",
    ),
    LandedTable(
        "ops.post_tags",
        _wib("tagged_at"),
        "account_code, post_id, content_hash, ruleset_id, rule_id",
        # matched_text: a rule's words, at most 80 characters; marts show them
        "account_code post_id content_hash rule_id tag_kind cluster_scheme tag strength matched_text ruleset_id "
        "ruleset_version match_starts_at match_ends_at tagged_at",
    ),
    LandedTable(
        "ops.tag_overrides",
        _wib("decided_at"),
        "override_id",
        "override_id account_code post_id tag_kind cluster_scheme tag decision decided_by reason decided_at",
    ),
    LandedTable(
        "ops.spend_ledger",
        _wib("spent_at"),
        "spent_at, response_id",
        "response_id platform credential endpoint calls quota_units usd spent_at",
    ),
    LandedTable(
        "ops.credentials",
        _wib("updated_at"),
        "account_code",
        "account_code platform generation access_expires_at refresh_expires_at updated_at",
    ),
)
