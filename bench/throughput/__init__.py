"""Audio seconds per second with one to many clients: this service, LitServe, Celery and the bare engine, in turns."""
