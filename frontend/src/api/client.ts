/** The HTTP client of the service. Its types, `schema.ts`, are generated from openapi.json by `npm run types`. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type Voice = Schemas["VoiceView"];
export type Recording = Schemas["RecordingView"];
export type Health = Schemas["Health"];
export type Retention = Schemas["Retention"];

/** The root URL of the service. The page is at `{root}/app/`, also behind a proxy that adds a prefix. */
export const ROOT = new URL(import.meta.env.DEV ? "./" : "../", document.baseURI);

/** Returns the URL of a resource that an element loads, such as audio or a download. */
export function serviceUrl(path: string, query: Record<string, string> = {}): string {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** An error response of the service. `status` is 0 if the service could not be reached. */
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
/** Requests without a time limit: the response comes only after synthesis, transcoding or export. */
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

/** Reads the error of a response. One that is not in the service's format, such as a proxy's, is `unreachable`. */
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

/** Returns the data of a response. An error response has been thrown as a `Failure` before. */
export async function dataOf<T>(request: Promise<{ data?: T }>): Promise<T> {
  const { data } = await request;
  return data as T;
}

export const api = client;
