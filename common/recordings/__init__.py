"""Finished audio: queries, search, captions and other formats. May import `common.db`."""
