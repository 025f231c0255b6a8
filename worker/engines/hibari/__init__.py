"""The engine of hibari, the embedded voices. May import what `worker.engines` may import."""
