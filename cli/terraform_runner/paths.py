"""Where things lie in the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TOOLS = BUILD / "tools"
STAMPS = BUILD / "stamps"
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"
NODE_MODULES = ROOT / "node_modules"
STACKS = ROOT / "cdktf.out" / "stacks"
