"""The ``voltberg`` command: each subcommand is a function of `voltberg.commands`, and is only named here."""

from __future__ import annotations

import typer

from voltberg.commands import abi, bench, coverage, deploy, fuzz, gas, node, replay, report, run

app = typer.Typer(
    name="voltberg",
    help="A local-energy market on Ethereum: deploy it, replay real days, read what every step cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.add_typer(run.app, name="run")
app.command("node")(node.node)
app.command("deploy")(deploy.deploy)
app.command("abi")(abi.abi)
app.command("bench")(bench.bench)
app.command("coverage")(coverage.coverage)
app.command("gas")(gas.gas)
app.command("fuzz")(fuzz.fuzz)


if __name__ == "__main__":
    app()
