"""The commands of `oratio`. May import every other folder of `cli`."""
