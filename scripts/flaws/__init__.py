"""The flaws of the five studies, measured: see scripts/flaws.py."""
