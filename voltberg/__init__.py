"""Voltberg: an energy market on a local chain, replayed from measured days."""

__version__ = "0.1.0"
