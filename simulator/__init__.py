"""Simulator of the social platforms: their APIs, paths, parameters, errors and limits on one HTTP server.

All data is invented and follows from a seed and a settable clock; a header marks every response. Simulator and product
import nothing from each other; they communicate by HTTP only.
"""

MARK_HEADER = "X-Simulator"
MARK_VALUE = "sentra-social-metrics"


class SimulatorError(Exception):
    """A usage or configuration error; the message says what is wrong and where."""
