"""``python -m provkey``: the command ``provkey``."""

from __future__ import annotations

import signal
import sys

from ._native import run_command


def main() -> int:
    """Runs the command with the arguments of this process. Gives its exit status."""
    # The command is not Python: it would not notice what Python notes down of a Ctrl-C, and ends by
    # the signal instead, as the binary does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run_command(["provkey", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
