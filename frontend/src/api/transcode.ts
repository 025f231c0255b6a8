/** A recording in another format: a worker makes it when it is first asked for, and it stays beside the recording. */

import { dataOf, api, Failure } from "./client";
import type { Format } from "./formats";

/** Resolves to the path of the sound when it is there. Throws a `Failure`. */
export async function transcode(jobId: string, format: Format): Promise<string> {
  for (;;) {
    const rendition = await dataOf(
      api.POST("/jobs/{job_id}/transcode", { params: { path: { job_id: jobId } }, body: { format } }),
    );
    if (rendition.audio_url) return `/jobs/${encodeURIComponent(jobId)}/audio?format=${format}`;
    if (rendition.status !== "queued" && rendition.status !== "running") throw new Failure("", 502, "transcode_failed");
  }
}
