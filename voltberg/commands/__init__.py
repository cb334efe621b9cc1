"""The subcommands of ``voltberg``: one module each, registered in `voltberg.cli`."""
