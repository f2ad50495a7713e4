"""The same 14 resources for each framework that :mod:`bench.synth` compares."""
