"""Code that the gateway, the workers and the command line share."""

__version__ = "0.1.0"
