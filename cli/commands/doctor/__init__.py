"""The checks of `oratio doctor`, one module per subject. May import what `cli.commands` may import."""
