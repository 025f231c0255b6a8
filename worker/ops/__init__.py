"""The tasks of the ops worker: sweep, cleanup, downloads, other formats.

May import every folder of `worker` but `synthesis`.
"""
