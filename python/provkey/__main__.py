"""``python -m provkey``: the command ``provkey``."""

from __future__ import annotations

import signal
import sys

from ._native import run_command


def main() -> int:
    """Runs the command with the arguments of this process. Returns its exit status."""
    # The command does not run Python code, so Python's handler would only record a Ctrl-C. With the
    # default handler the signal ends the process, as it ends the binary.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run_command(["provkey", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
