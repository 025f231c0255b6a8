"""The formats, fields and lists of ElevenLabs' API.

May import `common` and the layers of `api` from `openai` down.
"""
