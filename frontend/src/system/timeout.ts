import { Failure } from "../api/client";

/** Sends a request with a time limit. Throws a `Failure`; a timeout counts as unreachable. */
export async function withTimeout<T>(
  ms: number,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await request(AbortSignal.any([signal, AbortSignal.timeout(ms)]));
  } catch (failure) {
    throw failure instanceof Failure ? failure : new Failure("", 0, "unreachable");
  }
}
