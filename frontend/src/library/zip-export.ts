/** Exports recordings as ZIP files: several if there are more than one request may contain. */

import { signal } from "@preact/signals";
import { api, dataOf, Failure } from "../api/client";
import { bytes, count } from "../i18n/formats";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { maxBatchIds } from "../state/service";
import { explain } from "../ui/state";
import { downloadBlob } from "../ui/file-download";
import { chunks } from "./chunks";

/** The progress message; null while nothing is being exported. */
export const exportStatus = signal<string | null>(null);

export async function exportRecordings(jobIds: readonly string[]): Promise<void> {
  if (exportStatus.value !== null) return;
  const batches = chunks(jobIds, maxBatchIds.value);
  const texts = t.value.library;
  if (batches.length > 1)
    showNotice(texts.zipInParts(count(batches.length), count(maxBatchIds.value)), { staysMs: 12_000 });
  try {
    for (const [index, batch] of batches.entries()) {
      const reportSize = (size: number): void => {
        exportStatus.value = texts.zipping(count(index + 1), count(batches.length), bytes(size));
      };
      downloadBlob(await downloadZip(batch, reportSize), archiveName(index, batches.length));
    }
  } catch (cause) {
    showNotice(texts.notZipped(cause instanceof Failure ? explain(cause) : String(cause)), {
      kind: "bad",
      staysMs: 12_000,
    });
  } finally {
    exportStatus.value = null;
  }
}

/** Downloads a ZIP as a stream. Its size is not known in advance, so the progress is the size so far. */
async function downloadZip(jobIds: readonly string[], reportSize: (size: number) => void): Promise<Blob> {
  reportSize(0);
  const body = { job_ids: [...jobIds] };
  const stream = await dataOf(
    api.POST("/export/zip", { body, parseAs: "stream" }) as Promise<{
      data?: ReadableStream<Uint8Array<ArrayBuffer>>;
    }>,
  );
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces, { type: "application/zip" });
    pieces.push(value);
    size += value.length;
    reportSize(size);
  }
}

function archiveName(index: number, batches: number): string {
  const day = new Date().toISOString().slice(0, 10);
  return batches === 1 ? `oratio-${day}.zip` : `oratio-${day}-${index + 1}.zip`;
}
