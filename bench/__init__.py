"""Benchmarks that compare OratioViva with a reference in one run on one machine. They are not part of the tests."""
