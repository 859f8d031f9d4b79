"""Operators that need a class: forms for people (human in the loop), and a triggered run with template fields."""
