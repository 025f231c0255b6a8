"""Finds Node.js and the built studio. May import `cli.client`."""
