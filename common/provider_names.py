"""The providers that need no model on this machine. They are also the keys of their job queues."""

INFERENCE = "inference"
STUB = "stub"
