"""Queues, task messages, events and live audio in Redis. May import no other folder of `common`."""
