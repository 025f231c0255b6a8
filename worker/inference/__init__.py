"""Brings segments to engines: registry, batcher, queue, model cache.

May import `worker.engines` and `worker.host`.
"""
