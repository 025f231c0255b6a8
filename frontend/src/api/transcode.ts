/** A recording in another format: a worker makes it when it is first asked for, and it stays beside the recording. */

import { answer, api, Failure } from "./client";
import type { Format } from "./formats";

/** Resolves to the path of the sound when it is there. Throws a `Failure`. */
export async function otherFormat(jobId: string, format: Format): Promise<string> {
  for (;;) {
    const made = await answer(
      api.POST("/jobs/{job_id}/transcode", { params: { path: { job_id: jobId } }, body: { format } }),
    );
    if (made.audio_url) return `/jobs/${encodeURIComponent(jobId)}/audio?format=${format}`;
    if (made.status !== "queued" && made.status !== "running") throw new Failure("", 502, "transcode_failed");
  }
}
