"""What goes over the wire. Frozen; unknown keys of a request are ignored."""
