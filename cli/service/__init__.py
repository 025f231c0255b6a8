"""Starts, supervises and finds the processes of the service. May import `cli.client`."""
