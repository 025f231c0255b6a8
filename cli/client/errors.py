"""What the service refused or could not do, or that it cannot be reached."""

CONNECTION_LOST = "connection_lost"


class ClientError(Exception):
    """`message` is the service's own words. `status` is None where no answer came, and for a job that failed."""

    def __init__(
        self,
        message: str,
        code: str,
        *,
        status: int | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.message = message
        self.code = code
        self.status = status
        self.param = param
        self.retry_after_s = retry_after_s
        self.job_id = job_id

    @property
    def is_lost(self) -> bool:
        """The connection broke, or there was none: whether the service heard us is not known."""
        return self.code == CONNECTION_LOST
