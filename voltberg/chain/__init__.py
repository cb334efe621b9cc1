"""Everything that knows of a chain: compiler, engines, deployment, transactions and events.

This is the only package that may import ``brownie`` or ``web3``.
"""
