"""Feeds made by our own code: look-alikes of what systems export, and a corpus of damaged files."""
