"""The page of the boards, and the lists that are published with it."""
