"""A platform lives here: one file each, named as in seeds/registry/platforms.csv; siblings never import each other.

A platform file offers

    RULES: ApiRules                                     how to authorise, what to keep, what a refusal means
    read_profiles(client, accounts) -> dict[str, ExtractedProfile | CaptureFailure]
                                                        at most RULES.accounts_per_call, keyed by account_code
    read_posts(client, account, profile, window) -> PostListing

and, where each account has its own rotating token,

    refresh(client, refresh_token) -> TokenPair         the account's new tokens

and, for `social-metrics connect`,

    AUTHORISATION: Authorisation                        what a person does, and what is asked of them

`read_profiles` gives every account of the call a reading or a failure of its own; it raises CaptureFailure
only when the whole call failed, which then is the outcome of them all.
"""

import importlib
import importlib.util


def rotates_tokens(platform: str) -> bool:
    """Whether each account of the platform has a token of its own that is renewed with every use.

    Args:
        platform: a name of platforms.csv; one that no file here reads, such as one entered by hand, has no tokens.
    """
    name = f"{__name__}.{platform}"
    return importlib.util.find_spec(name) is not None and hasattr(importlib.import_module(name), "refresh")
