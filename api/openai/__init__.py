"""The model names, voice names and fields of OpenAI's API.

May import `common` and the layers of `api` from `models` down.
"""
