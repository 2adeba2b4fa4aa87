"""Write the audit trail as CSV, and a plot of how much of its keys each group has used."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import matplotlib as mpl
from demo_fleet import demo_fleet

import provkey

mpl.use("Agg")
import matplotlib.pyplot as plt


def write_csv(authority: provkey.Authority, path: Path) -> int:
    """Writes the whole audit trail, a page at a time. Returns the number of records."""
    written = 0
    with path.open("w", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for record in authority.audit:
            row = record.to_dict()
            if writer is None:
                writer = csv.DictWriter(file, row)
                writer.writeheader()
            writer.writerow(row)
            written += 1
    return written


def utilization(authority: provkey.Authority) -> dict[str, float]:
    """For each group, the share of the uses of its keys that is spent."""
    spent = {}
    for group in authority.groups:
        keys = list(authority.keys.filter(group=group))
        allowed = sum(key.max_uses for key in keys)
        spent[group.name] = sum(key.used for key in keys) / allowed if allowed else 0.0
    return spent


def plot(spent: dict[str, float], path: Path) -> None:
    """Draws a bar for each group."""
    figure, axes = plt.subplots(figsize=(6, 1 + 0.4 * len(spent)), layout="constrained")
    axes.barh(list(spent), [100 * part for part in spent.values()])
    axes.axvline(80, linestyle="--", color="gray")
    axes.set(xlim=(0, 100), xlabel="used, %", title="Utilization by connector group")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Reports on a fleet of three groups."""
    fleet = {"Branch": (10, 9), "Plant": (8, 3), "Vehicles": (5, 0)}
    with demo_fleet(fleet) as authority, tempfile.TemporaryDirectory() as directory:
        table, picture = Path(directory) / "audit.csv", Path(directory) / "utilization.png"
        print(write_csv(authority, table), "records in", table.name)
        spent = utilization(authority)
        for group, part in spent.items():
            print(f"{group:<10} {part:4.0%}")
        plot(spent, picture)
        print(f"{picture.name}: {picture.stat().st_size > 1000 and 'drawn'}")


if __name__ == "__main__":
    main()
