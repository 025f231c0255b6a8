"""The machine of a worker: device, memory and models folder. May import `common` only."""
