"""The daily summary: what is in stock, what runs low, what changed and what did not arrive."""
