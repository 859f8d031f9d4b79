"""The seals as a transparency log: signed checkpoints, a witness, and proofs that need no warehouse."""
