"""Set up what has to be on the machine before anything else runs; standard library only.

`python3 -m project_setup` is the one command that runs outside the virtual environment.
"""
