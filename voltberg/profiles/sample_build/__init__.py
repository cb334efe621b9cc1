"""Build the shipped sample from data bundled in published Python packages."""

from voltberg.profiles.sample_build.build import build_sample
from voltberg.profiles.sample_build.wheels import WHEELS, fetch_wheels

__all__ = ["WHEELS", "build_sample", "fetch_wheels"]
