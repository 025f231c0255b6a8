/** Requests a recording in another format. A worker makes it on the first request, and the service keeps it. */

import { api, dataOf, Failure } from "./client";
import type { Format } from "./formats";

/** Waits until the file exists and returns its path. Throws a `Failure`. */
export async function transcode(jobId: string, format: Format): Promise<string> {
  for (;;) {
    const rendition = await dataOf(
      api.POST("/jobs/{job_id}/transcode", { params: { path: { job_id: jobId } }, body: { format } }),
    );
    if (rendition.audio_url) return `/jobs/${encodeURIComponent(jobId)}/audio?format=${format}`;
    if (rendition.status !== "queued" && rendition.status !== "running")
      throw new Failure("", 502, "transcode_failed");
  }
}
