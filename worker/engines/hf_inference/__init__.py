"""The engine of hosted inference at Hugging Face. May import what `worker.engines` may import."""
