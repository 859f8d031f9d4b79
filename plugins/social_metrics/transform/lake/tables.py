"""Tables and columns that land in the lake: those that models read, and no others.

Captions, bodies of responses, attachments and tokens never land.
"""

from dataclasses import dataclass
from typing import LiteralString

import pyarrow as pa

_TYPES: dict[str, tuple[pa.DataType, str]] = {
    "text": (pa.string(), "string"),
    "uuid": (pa.string(), "string"),
    "bigint": (pa.int64(), "bigint"),
    "integer": (pa.int32(), "int"),
    "boolean": (pa.bool_(), "boolean"),
    "date": (pa.date32(), "date"),
    "timestamptz": (pa.timestamp("us", tz="UTC"), "timestamp"),
    "numeric(12, 6)": (pa.decimal128(12, 6), "decimal(12, 6)"),
    "text[]": (pa.list_(pa.string()), "array<string>"),
}
"""PostgreSQL's type → Arrow's, and Spark's name of it."""


@dataclass(frozen=True)
class Column:
    """A landed column; `expiring` replaces its value once the row's `expires_at` has passed."""

    name: LiteralString
    type: LiteralString
    expiring: LiteralString | None = None

    def expression(self) -> LiteralString:
        """SQL that reads it, with `%(as_of)s` for the instant at which retention is judged."""
        text: LiteralString = f"{self.name}::text" if self.type == "uuid" else self.name
        if self.expiring is None:
            return text
        return f"case when expires_at <= %(as_of)s then {self.expiring} else {text} end"


@dataclass(frozen=True)
class LandedTable:
    """A table of raw or ops, and the date that partitions its rows in the lake.

    It is the WIB date of the instant that the row is about; where rows change in place (credentials), of the change.
    """

    name: LiteralString  # schema.table
    dated: LiteralString  # SQL of type date
    key: LiteralString  # orders the rows of a partition
    columns: tuple[Column, ...]

    def arrow_schema(self) -> pa.Schema:
        """The columns of its Parquet files."""
        return pa.schema([(column.name, _TYPES[column.type][0]) for column in self.columns])

    def spark_columns(self) -> str:
        """The columns for Spark's `create table`, without the partition's date."""
        return ", ".join(f"{column.name} {_TYPES[column.type][1]}" for column in self.columns)


def _columns(type_: LiteralString, names: LiteralString, expiring: LiteralString | None = None) -> tuple[Column, ...]:
    return tuple(Column(name, type_, expiring) for name in names.split())


def _wib(instant: LiteralString) -> LiteralString:
    return f"({instant} at time zone 'Asia/Jakarta')::date"


TABLES: tuple[LandedTable, ...] = (
    LandedTable(
        "raw.profile_snapshots",
        _wib("captured_at"),
        "captured_at, attempt_id",
        (
            *_columns("uuid", "attempt_id response_id"),
            *_columns("text", "account_code platform run_id handle_seen platform_account_id_seen"),
            *_columns("text", "metric_definition_id authorization_mode source"),
            *_columns("bigint", "followers_count followers_precision_step", expiring="null"),
            *_columns("bigint", "following_count posts_count views_count", expiring="null"),
            *_columns("text", "followers_state", expiring="'retention_expired'"),
            *_columns("integer", "try_number"),
            *_columns("timestamptz", "captured_at expires_at loaded_at"),
        ),
    ),
    LandedTable(
        "raw.posts",
        _wib("captured_at"),
        "captured_at, account_code, post_id, response_id",
        (
            *_columns("text", "account_code platform post_id url post_type content_hash presence source run_id"),
            *_columns("uuid", "response_id"),
            *_columns("integer", "caption_length"),
            *_columns("bigint", "like_count comment_count share_count view_count", expiring="null"),
            *_columns("timestamptz", "captured_at published_at expires_at loaded_at"),
        ),
    ),
    LandedTable(
        "raw.capture_outcomes",
        _wib("attempted_at"),
        "attempted_at, attempt_id",
        (
            *_columns("uuid", "attempt_id response_id"),
            *_columns("text", "account_code platform run_id outcome detail next_step posts_read source"),
            *_columns("integer", "posts_seen try_number"),
            *_columns("timestamptz", "attempted_at retry_at loaded_at"),
        ),
    ),
    LandedTable(
        "raw.manual_entries",
        "as_of_date",
        "account_code, version",
        (
            *_columns("text", "account_code platform followers_displayed followers_state metric_definition_id"),
            *_columns("text", "last_post_url posts_looked_at program evidence_sha256 entered_by source"),
            *_columns("integer", "version"),
            *_columns("bigint", "followers_count followers_precision_step"),
            *_columns("boolean", "is_outreach"),
            *_columns("date", "as_of_date"),
            *_columns("timestamptz", "observed_at last_post_at loaded_at"),
        ),
    ),
    LandedTable(
        "raw.manual_confirmations",
        "as_of_date",
        "account_code, version",
        (
            *_columns("text", "account_code decision"),
            *_columns("integer", "version"),
            *_columns("date", "as_of_date"),
            *_columns("timestamptz", "confirmed_at"),
        ),
    ),
    LandedTable(
        "ops.account_confirmations",
        _wib("confirmed_at"),
        "confirmed_at, account_code",
        (*_columns("text", "account_code"), *_columns("timestamptz", "confirmed_at")),
    ),
    LandedTable(
        "ops.tag_rulesets",
        _wib("first_used_at"),
        "ruleset_id",
        (*_columns("integer", "ruleset_id ruleset_version"), *_columns("text[]", "campaign_codes")),
    ),
    LandedTable(
        "ops.tagged_captions",
        _wib("tagged_at"),
        "account_code, post_id, content_hash, ruleset_id",
        (
            *_columns("text", "account_code post_id content_hash"),
            *_columns("integer", "ruleset_id"),
            *_columns("timestamptz", "tagged_at"),
        ),
    ),
    LandedTable(
        "ops.post_tags",
        _wib("tagged_at"),
        "account_code, post_id, content_hash, ruleset_id, rule_id",
        (
            *_columns("text", "account_code post_id content_hash rule_id tag_kind cluster_scheme tag strength"),
            *_columns("text", "matched_text"),  # a rule's words, at most 80 characters: marts show them
            *_columns("integer", "ruleset_id ruleset_version match_starts_at match_ends_at"),
            *_columns("timestamptz", "tagged_at"),
        ),
    ),
    LandedTable(
        "ops.tag_overrides",
        _wib("decided_at"),
        "override_id",
        (
            *_columns("bigint", "override_id"),
            *_columns("text", "account_code post_id tag_kind cluster_scheme tag decision decided_by reason"),
            *_columns("timestamptz", "decided_at"),
        ),
    ),
    LandedTable(
        "ops.spend_ledger",
        _wib("spent_at"),
        "spent_at, response_id",
        (
            *_columns("uuid", "response_id"),
            *_columns("text", "platform credential endpoint"),
            *_columns("integer", "calls quota_units"),
            *_columns("numeric(12, 6)", "usd"),
            *_columns("timestamptz", "spent_at"),
        ),
    ),
    LandedTable(
        "ops.credentials",
        _wib("updated_at"),
        "account_code",
        (
            *_columns("text", "account_code platform"),
            *_columns("integer", "generation"),
            *_columns("timestamptz", "access_expires_at refresh_expires_at updated_at"),
        ),
    ),
)
