"""Prints results and plays audio in a terminal. May import `cli.client`."""
