"""Measured comparisons: ours beside the reference, in one run, on one machine. Never part of the tests."""
