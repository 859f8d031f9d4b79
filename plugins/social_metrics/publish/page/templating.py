"""The Jinja environment of the pages: values are escaped, and a missing one is an error."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment() -> Environment:
    """A new environment, whose globals the caller may extend."""
    return Environment(
        loader=PackageLoader("social_metrics.publish.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
