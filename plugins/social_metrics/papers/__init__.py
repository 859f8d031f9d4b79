"""Papers that leave the house: made from a closed month or a pinned evening, and kept as they were issued."""
