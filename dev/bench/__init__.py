"""Measurements of the project, run by ``python -m bench``.

Every module here with a function ``run(*, quick: bool) -> dict`` is one group of figures: names to
numbers, to a sentence that says why there is no number, or to a table (a mapping of row names to
mappings of column names to numbers).
"""
