"""The command line: `app` puts the commands together, each of which has a module of its own.

`options` has the arguments that they share, `terminal` how they speak.
"""

from dxreport.cli.app import app, main, run

__all__ = ["app", "main", "run"]
