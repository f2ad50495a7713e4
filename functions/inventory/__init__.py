"""Inventory ingest: reads stock files, keeps the true stock of every SKU at every location."""
