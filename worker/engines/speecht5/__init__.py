"""The engine of SpeechT5 and its speakers. May import what `worker.engines` may import."""
