"""`social-metrics connect`: guides a person through the authorisation, and checks what was granted."""

import secrets
from dataclasses import replace
from typing import Annotated

import typer

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import notices, output
from social_metrics.clock import WIB, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connection_test import check_connection
from social_metrics.extract.credentials.connections import PlatformConnection, platform_conn_id, platform_connection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.extract.credentials.oauth_flow import authorisation_of, exchange_code, revoke_grant
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import load_settings


def connect(
    platform: Annotated[str, typer.Argument(help="A platform of the registry.")],
    account: Annotated[
        str | None, typer.Argument(help="The account code, where each account's owner authorises us (TikTok).")
    ] = None,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Withdraw an account's authorisation and delete its tokens.")
    ] = False,
) -> None:
    """Authorise us at a platform, step by step, and check what was granted. No secret is printed or kept in a file.

    Where each account's owner authorises us, the tokens go encrypted into the warehouse; other secrets are tested and
    then go into the platform's Airflow connection.

    Examples:
    - `social-metrics connect youtube`
    - `social-metrics connect tiktok kartini-tiktok`
    - `social-metrics connect tiktok kartini-tiktok --revoke`
    """
    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        if platform not in registry.platforms:
            raise UsageProblem(
                f"{platform!r} is not a platform of the registry; it has {', '.join(registry.platforms)}."
            )
        guide = authorisation_of(platform)
        if guide.account is None:
            if account or revoke:
                raise UsageProblem(
                    f"{platform} has one credential for all accounts: `social-metrics connect {platform}`."
                )
            _steps(guide.steps)
            asked = _ask(platform, guide.login, guide.secret, registry)
            output().print(check_connection(asked, registry, settings))
            output().print(
                f"It works. Put it into Airflow's connection {platform_conn_id(platform)} (or "
                f"AIRFLOW_CONN_{platform_conn_id(platform).upper()}), then run `social-metrics capture --missing`."
            )
            return
        connection = platform_connection(platform)
        chosen = _account(registry, platform, account, connection)
        if revoke:
            had_token, refusal = revoke_grant(chosen, guide.account, connection, registry, settings, url)
            output().print(f"The tokens of {chosen.account_code} are deleted." if had_token else "There was no token.")
            if refusal:
                output().print(
                    f"{platform} did not confirm it ({refusal}): ask the owner to remove our application there."
                )
            return
        _steps(guide.steps)
        output().print(guide.account.address(connection, secrets.token_urlsafe(16)), soft_wrap=True)
        code = typer.prompt("Code", hide_input=True, err=True).strip()
        ends_at = exchange_code(chosen, guide.account, code, connection, registry, settings, url)
    until = f" It holds until {ends_at.astimezone(WIB):%d %B %Y}." if ends_at else ""
    output().print(f"{chosen.account_code} is authorised with everything that is needed.{until}")
    output().print("Now run `social-metrics capture --missing`.")


def _steps(steps: tuple[str, ...]) -> None:
    for number, step in enumerate(steps, 1):
        notices().print(f"{number}. {step}")


def _ask(platform: str, login: str | None, secret: str, registry: Registry) -> PlatformConnection:
    """The present connection, or one to the platform's first host, with the secret that the person types."""
    try:
        base = platform_connection(platform)
    except UsageProblem:
        base = PlatformConnection.from_parts(
            platform, registry.platforms[platform].allowed_api_hosts[0], None, None, {}
        )
    name = typer.prompt(login.capitalize(), err=True).strip() if login else base.login
    typed = typer.prompt(secret.capitalize(), hide_input=True, err=True).strip()
    return replace(base, login=name, secret=typed)


def _account(registry: Registry, platform: str, code: str | None, connection: PlatformConnection) -> Account:
    day = wib_date(clock_of(connection).now())
    codes = [account.account_code for account in registry.accounts_on(platform, day)]
    found = registry.account_on(code, day) if code else None
    if found is None or found.platform != platform:
        raise UsageProblem(f"Name an account of {platform}: {', '.join(codes) or 'none is verified yet'}.")
    return found
