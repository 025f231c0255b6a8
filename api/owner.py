"""The owner of every job and recording.

Every query names an owner. There is one until the service has keys.
"""

OWNER = "local"
