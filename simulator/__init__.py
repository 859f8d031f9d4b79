"""A local stand-in for the social platforms: their APIs, paths, parameters, errors and limits on one HTTP server.

Everything that it answers is invented, follows from a seed and a settable clock, and says so in a header.
It imports nothing from the product and the product imports nothing from it: they meet over HTTP only.
"""

MARK_HEADER = "X-Simulator"
MARK_VALUE = "sentra-social-metrics"


class SimulatorError(Exception):
    """Something the person who runs the simulator can put right; the text says what and where."""
