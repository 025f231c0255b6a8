/** Above the rows, and staying there: how many there are, and what can be done with those that are ticked. */

import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { exportAll, exporting } from "./zip-export";
import { recordings, select, selection, shown } from "./recordings";
import { removeRecordings } from "./removal";
import { all, NOTHING } from "./selection";

export function ListHead() {
  const said = t.value.library;
  const rows = shown.value;
  const ticked = selection.value.ids;
  const isAll = ticked.size === rows.length;
  return (
    <div class={`recordings-head ${ticked.size ? "chosen" : ""}`}>
      <input
        class="tick"
        type="checkbox"
        aria-label={said.selectAll}
        title={said.selectAll}
        checked={isAll}
        indeterminate={ticked.size > 0 && !isAll}
        onClick={() => select((now, ids) => (now.ids.size === ids.length ? NOTHING : all(ids)))}
      />
      <p class="small num" role="status">
        {ticked.size ? said.selected(ticked.size, count(ticked.size)) : standing(rows.length)}
      </p>
      {exporting.value === null ? null : (
        <p class="small num soft row" role="status">
          <Icon name="spinner" class="spin" />
          {exporting.value}
        </p>
      )}
      {ticked.size ? <Acts ids={[...ticked]} /> : null}
    </div>
  );
}

function Acts({ ids }: { ids: readonly string[] }) {
  const said = t.value.library;
  return (
    <div class="recordings-acts">
      <Button compact icon="download" busy={exporting.value !== null} onPress={() => void exportAll(ids)}>
        {said.zip}
      </Button>
      <Button compact kind="danger" icon="trash" onPress={() => remove(ids)}>
        {said.delete}
      </Button>
      <IconButton compact kind="quiet" icon="close" label={said.clearSelection} onPress={() => select(() => NOTHING)} />
    </div>
  );
}

function remove(ids: readonly string[]): void {
  select(() => NOTHING);
  removeRecordings(ids);
}

function standing(n: number): string {
  const said = t.value.library;
  return recordings.complete.value ? said.all(n, count(n)) : said.loaded(count(n));
}
