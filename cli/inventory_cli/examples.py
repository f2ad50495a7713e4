"""Command lines that the help shows, by subcommand; the tests parse every one of them."""

from __future__ import annotations

#: Arguments after `inventory <command>`.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "check": ("my-export.csv", "my-export.csv --key stores/north/my-export.csv"),
    "profile": ("my-export.csv", "my-export.csv --sku Artikel --quantity Bestand --prefix shop-b/"),
    "upload": (
        "north.csv south.csv --prefix stores --wait",
        "north.csv --as-of 2026-11-22T20:00:00Z",
        "- --name north.csv",
    ),
    "status": ("", "stores/north.csv"),
    "files": ("stores --since yesterday", "--failed"),
    "feeds": ("", "--late --json"),
    "stock": ("A-100", "A-100 --location north --raw", "--from skus.txt --json"),
    "history": ("A-100 north", "A-100 --prefix stores --since 7d"),
    "changes": ("--since yesterday", "--since 36h --csv"),
    "low": ("", "--location north --csv"),
    "out": ("", "--json"),
    "rejects": ("stores/north.csv", "get stores/north.csv"),
    "redrive": ("--dry-run", "stores/north.csv --kind rows", "--kind files --discard"),
    "replay": ("stores --since 2d --dry-run", "stores/north.csv --since 2026-11-22"),
    "release": ("stores/north.csv",),
    "undo": (
        "stores/north.csv --dry-run",
        "stores/north.csv --reason 'counted twice'",
        "stores/north.csv --version 3HL4kqtJlcpXroDTDmJ",
    ),
    "restore": ("stores/north.csv",),
    "remove": ("A-100 --dry-run", "A-100 north --reason 'shop closed' --yes"),
    "pause": ("", "stores/north"),
    "resume": ("stores/north",),
    "summary": ("--date 2026-11-22", "--run --open"),
    "cost": ("", "--month 2026-11"),
    "doctor": ("", "--env prod"),
    "review": ("", "--env prod"),
    "apply": ("--env prod",),
}
