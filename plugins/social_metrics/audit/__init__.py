"""The record of closed months: seals over the evidence, the close, its verification and the way back."""
