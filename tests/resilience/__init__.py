"""Faults, crashes, tampering and a simulated year: no row is lost, none is written twice."""
