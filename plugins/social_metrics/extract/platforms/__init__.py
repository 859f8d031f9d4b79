"""One file per platform, named as in seeds/registry/platforms.csv; siblings never import each other.

A platform file offers

    RULES: ApiRules                                     how to authorise, what to keep, how to classify refusals
    read_profiles(client, accounts) -> dict[str, ExtractedProfile | CaptureFailure]
                                                        at most RULES.accounts_per_call, keyed by account_code
    read_posts(client, account, profile, window) -> PostListing

and, where each account has its own rotating token,

    refresh(client, refresh_token) -> TokenPair         the account's new tokens

and, for `social-metrics connect`,

    AUTHORISATION: Authorisation                        the steps of a person, and the prompts

`read_profiles` returns a profile or a failure for every account of the call. It raises CaptureFailure only when the
whole call failed; the failure is then the outcome of all of them. `read_posts` raises it when a call was refused or its
reply is unusable: a listing with a gap is no listing.
"""

import importlib
import importlib.util


def rotates_tokens(platform: str) -> bool:
    """Whether each account of the platform has its own token, which is replaced with every use.

    Args:
        platform: a name of platforms.csv; a platform without a file, such as one entered by hand, has no tokens.
    """
    name = f"{__name__}.{platform}"
    return importlib.util.find_spec(name) is not None and hasattr(importlib.import_module(name), "refresh")
