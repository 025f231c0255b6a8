/** Many recordings as a ZIP, or as several: the service takes only so many at once. */

import { signal } from "@preact/signals";
import { answer, api, Failure } from "../api/client";
import { bytes, count } from "../i18n/formats";
import { t } from "../i18n";
import { tell } from "../state/notices";
import { maxBatchIds } from "../state/service";
import { explain } from "../ui/state";
import { saveBlob } from "../ui/file-download";
import { chunks } from "./chunks";

/** What is said while it goes on; null when nothing is being exported. */
export const exporting = signal<string | null>(null);

export async function exportAll(jobIds: readonly string[]): Promise<void> {
  if (exporting.value !== null) return;
  const parts = chunks(jobIds, maxBatchIds.value);
  const said = t.value.library;
  if (parts.length > 1) tell(said.zipInParts(count(parts.length), count(maxBatchIds.value)), { staysMs: 12_000 });
  try {
    for (const [at, part] of parts.entries()) {
      const tellSize = (size: number): void => {
        exporting.value = said.zipping(count(at + 1), count(parts.length), bytes(size));
      };
      saveBlob(await zip(part, tellSize), nameOf(at, parts.length));
    }
  } catch (cause) {
    tell(said.notZipped(cause instanceof Failure ? explain(cause) : String(cause)), { kind: "bad", staysMs: 12_000 });
  } finally {
    exporting.value = null;
  }
}

/** It is read as it comes: nobody knows beforehand how long it is, but everybody sees that it grows. */
async function zip(jobIds: readonly string[], tellSize: (size: number) => void): Promise<Blob> {
  tellSize(0);
  const body = { job_ids: [...jobIds] };
  const stream = await answer(
    api.POST("/export/zip", { body, parseAs: "stream" }) as Promise<{ data?: ReadableStream<Uint8Array<ArrayBuffer>> }>,
  );
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces, { type: "application/zip" });
    pieces.push(value);
    size += value.length;
    tellSize(size);
  }
}

function nameOf(at: number, parts: number): string {
  const day = new Date().toISOString().slice(0, 10);
  return parts === 1 ? `oratio-${day}.zip` : `oratio-${day}-${at + 1}.zip`;
}
