"""Who charges and discharges when: a day's problem, and one way to solve it a module."""
