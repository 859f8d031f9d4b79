"""A simulated year: every evening captured, with what a year brings; missed is only what nobody could have captured."""
