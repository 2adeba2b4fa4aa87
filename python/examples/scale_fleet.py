"""Watch a key while a fleet enrolls, and raise its limit when 80 % of its uses are spent."""

from __future__ import annotations

import threading
import time

from demo_fleet import demo_fleet, enroll_one

import provkey

WIDTH = 40


def bar(key: provkey.KeyDetails) -> str:
    """How much of a key is used, as a line of text."""
    filled = min(round(WIDTH * key.utilization), WIDTH)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {key.used}/{key.max_uses} {key.state}"


def scale(authority: provkey.Authority, name: str, fleet: threading.Thread) -> provkey.KeyDetails:
    """Shows the key until the fleet has enrolled; adds half of its limit whenever it runs short."""
    shown = ""
    while True:
        finished = not fleet.is_alive()
        key = authority.keys.get(name)
        if key.utilization >= 0.8 and not finished:
            # With its version: if the key was edited meanwhile, it is read again.
            try:
                key = authority.keys.update(
                    key, version=key.version, max_uses=key.max_uses + key.max_uses // 2
                )
                print("raised the limit to", key.max_uses)
            except provkey.InputError as error:
                if error.code != "edit_conflict":
                    raise
        if bar(key) != shown:
            shown = bar(key)
            print(shown)
        if finished:
            return key
        time.sleep(0.01)


def main() -> None:
    """Enrolls 50 connectors with a key that starts with 20 uses."""
    with demo_fleet({"Branch": (20, 0)}) as authority:

        def enroll_all() -> None:
            enrolled = 0
            while enrolled < 50:
                try:
                    enroll_one(authority, "Branch rollout")
                    enrolled += 1
                except provkey.RefusedError as error:
                    if error.code != "key_exhausted":
                        raise
                    time.sleep(0.01)

        fleet = threading.Thread(target=enroll_all)
        fleet.start()
        key = scale(authority, "Branch rollout", fleet)
        print(f"{key.used} of {key.max_uses} uses are spent")


if __name__ == "__main__":
    main()
