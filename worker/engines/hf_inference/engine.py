"""Hosted synthesis through Hugging Face's InferenceClient. Several threads may call `speak` at once."""

import threading
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from worker.engines.hf_inference.circuit_breaker import CircuitBreaker
from worker.engines.hf_inference.errors import to_engine_error
from worker.engines.protocol import ANY_VOICE, EngineError, Speech, Utterance
from worker.engines.samples import check_samples

if TYPE_CHECKING:
    from huggingface_hub import InferenceClient


class InferenceEngine:
    """Posts to `url`, or if it is empty to the hub's router, which finds a provider for `Utterance.model_id`."""

    alias: str = "inference"
    max_batch: int = 1
    max_chars: int = 600
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0
    pinned: bool = True

    def __init__(
        self, *, token: str | None, url: str, timeout_s: float, breaker: CircuitBreaker | None = None
    ) -> None:
        self._token = token
        self._url = url
        self._timeout_s = timeout_s
        self._breaker = breaker or CircuitBreaker()
        self._client: InferenceClient | None = None
        self._loading = threading.Lock()

    def load(self) -> None:
        self._connect()

    def voices(self) -> tuple[str, ...]:
        return (ANY_VOICE,)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return [self._speak(utterance) for utterance in batch]

    def memory_bytes(self) -> int:
        return 0

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.model_id, utterance.voice

    def close(self) -> None:
        """Drop the client. The library owns its connections and shares them with downloads."""
        self._client = None

    def _connect(self) -> "InferenceClient":
        with self._loading:
            self._client = self._client or self._new_client()
            return self._client

    def _new_client(self) -> "InferenceClient":
        from huggingface_hub import InferenceClient, constants, get_session

        # With telemetry on, the library asks the hub for its list of agents in order to report them.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        # The library sets no timeout when it looks up the providers of a model and fetches their output.
        get_session().timeout = self._timeout_s
        # Without this header the library sends a token that it finds in the home folder, to any address.
        headers: dict[str, Any] = {} if self._token else {"authorization": None}
        return InferenceClient(token=self._token, timeout=self._timeout_s, headers=headers)

    def _speak(self, utterance: Utterance) -> Speech:
        self._check_breaker()
        try:
            speech = self._request(utterance)
        except EngineError as error:
            self._record_failure(error)
            raise
        except BaseException:
            self._breaker.record_no_result()
            raise
        self._breaker.record_success()
        return speech

    def _check_breaker(self) -> None:
        wait_s = self._breaker.wait_s()
        if wait_s > 0:
            message = "Hosted inference failed several times in a row and is paused. Try again later."
            raise EngineError("provider_unavailable", message, retryable=True, retry_after_s=wait_s)

    def _record_failure(self, error: EngineError) -> None:
        if error.code == "provider_unavailable":
            self._breaker.record_failure()
        elif error.code == "engine_failed":
            self._breaker.record_no_result()
        else:
            self._breaker.record_success()

    def _request(self, utterance: Utterance) -> Speech:
        client = self._connect()
        try:
            audio = client.text_to_speech(
                utterance.text,
                model=self._url or utterance.model_id or None,
                extra_body=_extra_body(utterance),
            )
        except Exception as error:
            # Not chained: the library's messages may quote the text, and tracebacks are logged.
            raise to_engine_error(error) from None
        return _decode(audio)


def _extra_body(utterance: Utterance) -> dict[str, Any]:
    """Return the fields to send with the text: the voice, and the seed if the caller gave one."""
    extras: dict[str, Any] = {}
    if utterance.voice and utterance.voice != ANY_VOICE:
        extras["voice"] = utterance.voice
    if utterance.seed_given:
        extras["seed"] = utterance.seed
    return extras


def _decode(audio: bytes) -> Speech:
    from worker.encoding.decoding import decode

    try:
        sound = decode(audio)
    except ValueError:
        message = "Hosted inference answered with something that is not audio. Try again later."
        raise EngineError("provider_unavailable", message, retryable=True) from None
    return check_samples(sound.samples, sample_rate_hz=sound.sample_rate_hz)
