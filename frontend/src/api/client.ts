/** The service, typed by its own OpenAPI document: `npm run types` makes `schema.ts` from it. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type Voice = Schemas["VoiceView"];
export type Recording = Schemas["RecordingView"];
export type Health = Schemas["Health"];

/** The page lies at `{root}/app/`, whatever a proxy has put before it. */
export const ROOT = new URL(import.meta.env.DEV ? "./" : "../", document.baseURI);

/** The address of something that a tag fetches: sound, a download. */
export function serviceUrl(path: string, query: Record<string, string> = {}): string {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** What the service refused, or why it could not be asked. `status` is 0 when nobody answered. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly param: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = "Failure";
  }

  get isGone(): boolean {
    return this.status === 404 || this.status === 410;
  }
}

const client = createClient<paths>({ baseUrl: ROOT.href.replace(/\/$/, ""), fetch: fetchWithTimeout });

const TIMEOUT_MS = 20_000;
/** Those that are made while one waits, however long it takes. */
const LONG_REQUESTS = /\/(synthesize|transcode|export\/zip)$/;

async function fetchWithTimeout(request: Request): Promise<Response> {
  let response: Response;
  try {
    const isLong = LONG_REQUESTS.test(new URL(request.url).pathname);
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(request, isLong ? {} : { signal: AbortSignal.any([request.signal, timeout]) });
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new Failure(String(cause), 0, "unreachable");
  }
  if (response.ok) return response;
  throw await failureOf(response);
}

/** An error in the service's one shape, or what a proxy says in its place. */
export async function failureOf(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => null);
  const error = (body as { error?: Partial<Record<string, string | null>> } | null)?.error;
  const retryAfterS = Number(response.headers.get("Retry-After"));
  return new Failure(
    error?.["message"] ?? response.statusText,
    response.status,
    error?.["code"] ?? "unreachable",
    error?.["param"] ?? null,
    Number.isFinite(retryAfterS) && retryAfterS > 0 ? retryAfterS : null,
  );
}

/** The answer itself: what is refused is thrown as a `Failure` before it gets here. */
export async function dataOf<T>(request: Promise<{ data?: T }>): Promise<T> {
  const { data } = await request;
  return data as T;
}

export const api = client;

// The former names, until every screen uses the new ones.
export { dataOf as answer, serviceUrl as address };
