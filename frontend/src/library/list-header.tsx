/** The sticky header of the list: the number of recordings, and actions for the selected ones. */

import { t } from "../i18n";
import { bytes, count, soundLength } from "../i18n/formats";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { recordings, selection, updateSelection, visibleRows } from "./recordings";
import { removeRecordings } from "./removal";
import { keepAll } from "./retention";
import type { Row } from "./rows";
import { EMPTY_SELECTION, selectAll } from "./selection";
import { exportRecordings, exportStatus } from "./zip-export";

export function ListHeader() {
  const texts = t.value.library;
  const rows = visibleRows.value;
  const selectedIds = selection.value.ids;
  const isAllSelected = selectedIds.size === rows.length;
  return (
    <div class={`recordings-header ${selectedIds.size ? "has-selection" : ""}`}>
      <input
        class="tick"
        type="checkbox"
        aria-label={texts.selectAll}
        title={texts.selectAll}
        checked={isAllSelected}
        indeterminate={selectedIds.size > 0 && !isAllSelected}
        onClick={() =>
          updateSelection((current, ids) =>
            current.ids.size === ids.length ? EMPTY_SELECTION : selectAll(ids),
          )
        }
      />
      <p class="small num" role="status">
        {selectedIds.size
          ? texts.selected(selectedIds.size, count(selectedIds.size))
          : countText(rows.length)}{" "}
        <span class="soft">
          {totalsText(selectedIds.size ? rows.filter((row) => selectedIds.has(row.jobId)) : rows)}
        </span>
      </p>
      {exportStatus.value === null ? null : (
        <p class="small num soft row" role="status">
          <Icon name="spinner" class="spin" />
          {exportStatus.value}
        </p>
      )}
      {selectedIds.size ? <Actions ids={[...selectedIds]} /> : null}
    </div>
  );
}

function Actions({ ids }: { ids: readonly string[] }) {
  const texts = t.value.library;
  const areKept = visibleRows.value.every((row) => row.isKept || !ids.includes(row.jobId));
  return (
    <div class="recordings-actions">
      <Button
        compact
        icon="download"
        busy={exportStatus.value !== null}
        onPress={() => void exportRecordings(ids)}
      >
        {texts.zip}
      </Button>
      <Button compact icon="keep" onPress={() => void keepAll(ids, !areKept)}>
        {areKept ? texts.stopKeeping : texts.keep}
      </Button>
      <Button compact kind="danger" icon="trash" onPress={() => remove(ids)}>
        {texts.delete}
      </Button>
      <IconButton
        compact
        kind="quiet"
        icon="close"
        label={texts.clearSelection}
        onPress={() => updateSelection(() => EMPTY_SELECTION)}
      />
    </div>
  );
}

function remove(ids: readonly string[]): void {
  updateSelection(() => EMPTY_SELECTION);
  removeRecordings(ids);
}

/** The duration and size of these rows together. Of all rows only if all are loaded. */
function totalsText(rows: readonly Row[]): string {
  const isPartial = rows.length === visibleRows.value.length && !recordings.isComplete.value;
  if (isPartial || rows.length < 2) return "";
  const durationS = rows.reduce((sum, row) => sum + row.durationS, 0);
  const size = rows.reduce((sum, row) => sum + row.sizeBytes, 0);
  return `· ${t.value.library.totals(soundLength(durationS), bytes(size))}`;
}

function countText(total: number): string {
  const texts = t.value.library;
  return recordings.isComplete.value ? texts.all(total, count(total)) : texts.loaded(count(total));
}
