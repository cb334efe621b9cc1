"""``brownie run replay_day``: the same day as ``voltberg replay``, from Brownie's command line."""

from voltberg.commands.replay import replay


def main(engine: str = "ganache", season: str = "summer", seed: str = "1") -> None:
    """Replay one day of the shipped sample; arguments come as text after the function's name."""
    replay(engine=engine, season=season, seed=int(seed))
