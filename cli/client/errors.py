"""The error that the client raises."""

CONNECTION_LOST = "connection_lost"


class ClientError(Exception):
    """A request was refused, a job failed, or the service cannot be reached.

    `message` is the message of the service. `status` is the HTTP status, None without a response and for a failed job.
    """

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
        """True if the connection failed, so that it is unknown whether the service received the request."""
        return self.code == CONNECTION_LOST
