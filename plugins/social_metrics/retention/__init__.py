"""Takes away what may not be kept any longer, and writes down each loss with the hash of what went."""
