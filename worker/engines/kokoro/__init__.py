"""The engine of Kokoro and its phonemes. May import what `worker.engines` may import."""
