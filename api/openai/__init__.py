"""The model names, voice names and fields of OpenAI's API.

May import `common`, `api.schemas` and `api.dependencies`.
"""
