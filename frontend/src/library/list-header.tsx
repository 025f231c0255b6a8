/** The sticky header of the list: the number of recordings, and actions for the selected ones. */

import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { recordings, selection, updateSelection, visibleRows } from "./recordings";
import { removeRecordings } from "./removal";
import { keepAll } from "./retention";
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
          : countText(rows.length)}
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

function countText(total: number): string {
  const texts = t.value.library;
  return recordings.isComplete.value ? texts.all(total, count(total)) : texts.loaded(count(total));
}
