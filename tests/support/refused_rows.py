"""A warehouse that refuses rows: what a capture meets when its own house fails."""

import psycopg


def refuse_outcomes(url: str, *conditions: str) -> None:
    """Refuse each new row of raw.capture_outcomes of which one of the conditions (SQL on `new`) holds."""
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            create function raw.refuse() returns trigger language plpgsql as $$
            begin raise 'this row is refused by a test'; end $$
            """
        )
        for number, condition in enumerate(conditions):
            connection.execute(
                f"create trigger refuse_{number} before insert on raw.capture_outcomes "
                f"for each row when ({condition}) execute function raw.refuse()".encode()
            )
