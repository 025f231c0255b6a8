"""The audio formats of jobs."""

# format -> (media type, file extension)
MEDIA_TYPES: dict[str, tuple[str, str]] = {
    "wav": ("audio/wav", "wav"),
    "flac": ("audio/flac", "flac"),
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "opus"),
    "aac": ("audio/aac", "aac"),
    "pcm": ("audio/pcm", "pcm"),
}
