import { Failure } from "../api/client";

/** Ask, but not for ever: what takes longer is as good as no answer. Throws a `Failure`. */
export async function withTimeout<T>(ms: number, signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await request(AbortSignal.any([signal, AbortSignal.timeout(ms)]));
  } catch (failure) {
    throw failure instanceof Failure ? failure : new Failure("", 0, "unreachable");
  }
}
