"""Both sides of a contract: what was synthesised, and what the functions and events say."""

from __future__ import annotations

import json

import pytest
from cdktf import Testing

from constructs_lib.settings import Settings
from constructs_lib.settings_loading import load_settings
from constructs_lib.stack import InventoryStack
from synthesised import PACKAGES, Document


@pytest.fixture(scope="session")
def stack() -> Document:
    """Give the synthesised stack of a development environment."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        settings = load_settings({})
    return json.loads(Testing.synth(InventoryStack(Testing.app(), settings, PACKAGES)))
