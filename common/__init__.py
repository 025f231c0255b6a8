"""What gateway, workers and command line share."""

__version__ = "0.1.0"
