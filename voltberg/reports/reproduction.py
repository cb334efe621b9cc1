"""How to repeat a run, from what it recorded about itself."""

from __future__ import annotations

import shlex
from typing import Any, Final

from voltberg.simulation.settings import ReplaySettings

FILE_INPUTS: Final = ("load", "pv", "sessions", "tariff")
NAMED_INPUTS: Final = ("day", "session_date", "session_source", "market")


def settings_differ(run: dict[str, Any]) -> bool:
    """Tell whether a run has settings that no option of the command line names.

    Parameters
    ----------
    run : dict
        Contents of ``run.json``.

    Returns
    -------
    bool
        True if its settings must be handed over in a file to repeat it.
    """
    usual = ReplaySettings().model_dump(mode="json")
    settings = run["settings"]
    named = ("strategy", "deviation")
    agents = {name: value for name, value in settings["agents"].items() if name not in named}
    usual_agents = {name: value for name, value in usual["agents"].items() if name not in named}
    return agents != usual_agents or any(settings[part] != usual[part] for part in ("fees", "market"))


def command_line(run: dict[str, Any]) -> str:
    """Give the command that repeats a run.

    Parameters
    ----------
    run : dict
        Contents of ``run.json``.

    Returns
    -------
    str
        A line for a shell.
    """
    settings, usual = run["settings"], ReplaySettings()
    inputs, agents = settings["inputs"], settings["agents"]
    words = ["voltberg", "replay", "--engine", run["engine"], "--seed", str(settings["seed"])]
    if settings["venue"] != usual.venue:
        words += ["--venue", settings["venue"]]
    if inputs["load"] is None:
        words += ["--season", inputs["season"]]
    else:
        names = [name for name in (*FILE_INPUTS, *NAMED_INPUTS) if inputs[name] is not None]
        for name in names:
            words += [f"--{name.replace('_', '-')}", str(inputs[name])]
        words += ["--time-zone", inputs["time_zone"]]
    if inputs["households"] is not None:
        words += ["--households", str(inputs["households"])]
    for name in ("strategy", "deviation"):
        if agents[name] != getattr(usual.agents, name):
            words += [f"--{name}", str(agents[name])]
    if settings_differ(run):
        words += ["--configuration", "settings.json"]
    return shlex.join(words)
