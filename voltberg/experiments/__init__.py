"""Runs: a validated configuration in, a folder of results out."""
