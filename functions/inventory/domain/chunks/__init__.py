"""Files of any size: cut into parts that the work queue hands out, ended once all are done.

Why the result is that of one reading: docs/adr/0006-files-in-chunks.md.
"""
