"""What all reports share: where they are written, how their templates are filled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from voltberg.reports import formatting
from voltberg.reports.figures import Figure

REPORT_NAME: Final = "report.html"
FILTERS: Final = ("grouped", "short", "millions", "energy", "tokens", "percent", "price")


def page(template: str) -> Template:
    """Give a template, with the filters that write numbers for people.

    Parameters
    ----------
    template : str
        Its file.

    Returns
    -------
    Template
        Ready to be filled; a name that it is not given is an error.
    """
    environment = Environment(
        loader=PackageLoader("voltberg.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in FILTERS:
        environment.filters[name] = getattr(formatting, name)
    environment.filters["figure_json"] = _figure_json
    return environment.get_template(template)


def write_page(folder: Path, text: str) -> Path:
    """Write a report whole or not at all.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    text : str
        The page.

    Returns
    -------
    Path
        Its file.
    """
    path = folder / REPORT_NAME
    draft = path.with_suffix(".html.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def _figure_json(figure: Figure) -> str:
    text = json.dumps({"data": figure.data, "layout": figure.layout}, separators=(",", ":"), allow_nan=False)
    # a note or name must not be able to end the script element
    return text.replace("<", "\\u003c")
