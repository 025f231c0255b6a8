"""Voices, models, downloads and workers as clients see them.

May import `common` and the layers of `api` from `streaming` down.
"""
