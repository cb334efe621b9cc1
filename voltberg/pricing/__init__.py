"""Prices that participants bid, and the processes that they follow."""
