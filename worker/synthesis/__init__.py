"""Takes a part from text to a stored file. May import every folder of `worker` except `ops` and `hub`."""
