"""The base class of every error that a person can fix, and the tree of its subclasses.

A `UsageProblem` ends a command with exit code 2 and one sentence; everything else is a fault of the code.
"""


class UsageProblem(Exception):
    """An error that the person at the keyboard can fix; its text says what happened, where, and what to do next."""
