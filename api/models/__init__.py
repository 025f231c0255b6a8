"""Voices, models, downloads and workers as clients see them.

May import `common` and any folder of `api` except `routes`.
"""
