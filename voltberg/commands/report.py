"""``voltberg report``: write the report of a saved run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voltberg.commands.shared import stating_errors


def report(
    folder: Annotated[Path, typer.Argument(help="Output folder of a finished run.")],
    gas_price_gwei: Annotated[float, typer.Option(min=0, help="Gas price that costs are stated at.")] = 1.0,
    ether_price: Annotated[
        float, typer.Option(min=0, help="Price of one ether that costs are stated at.")
    ] = 3_000.0,
    beside: Annotated[
        Path | None, typer.Option(help="Finished run of the same day at the other venue, to set beside it.")
    ] = None,
    currency: Annotated[str, typer.Option(help="Currency of the ether price.")] = "USD",
) -> None:
    """Write report.html of a saved run again, with gas costs at the prices that you type in."""
    from voltberg.reports.adbev_data import is_adbev_run
    from voltberg.reports.adbev_report import write_adbev_report
    from voltberg.reports.replay_report import write_report
    from voltberg.reports.statistics import GasPrice

    with stating_errors(ValueError, OSError):
        if is_adbev_run(folder):
            path = write_adbev_report(folder)
        else:
            path = write_report(folder, GasPrice(gas_price_gwei, ether_price, currency), beside)
    typer.echo(path)
