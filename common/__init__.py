"""The code that gateway, workers and command line share. May import none of them."""

__version__ = "0.1.0"
