"""Entry by hand: a workbook goes out, comes back filled in, and is taken whole or returned with remarks."""
