/** The title, which can be changed where it stands. */

import { useSignal } from "@preact/signals";
import type { Failure } from "../api/client";
import { t } from "../i18n";
import { tell } from "../state/notices";
import { Button, IconButton } from "../ui/button";
import { explain } from "../ui/state";
import type { Watch } from "./job-watcher";

const LONGEST = 200;

export function Heading({ watch }: { watch: Watch }) {
  const said = t.value.listen;
  const edited = useSignal<string | null>(null);
  const busy = useSignal(false);

  const save = async (): Promise<void> => {
    const title = edited.value?.trim();
    if (!title || busy.value) return;
    busy.value = true;
    try {
      await watch.rename(title);
      edited.value = null;
    } catch (failure) {
      tell(explain(failure as Failure), { kind: "bad" });
    } finally {
      busy.value = false;
    }
  };

  if (edited.value === null) {
    return (
      <div class="row heading">
        <h1 dir="auto">{watch.title.value || said.untitled}</h1>
        {watch.recording.value ? (
          <IconButton kind="quiet" icon="edit" label={said.rename} onPress={() => (edited.value = watch.title.value)} />
        ) : null}
      </div>
    );
  }
  return (
    <form
      class="row heading"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") edited.value = null;
      }}
    >
      <h1 class="aside">{watch.title.value}</h1>
      <input
        class="input"
        dir="auto"
        aria-label={said.title}
        maxLength={LONGEST}
        autofocus
        value={edited.value}
        onInput={(event) => (edited.value = event.currentTarget.value)}
      />
      <Button kind="primary" busy={busy.value} disabled={!edited.value.trim()} onPress={() => void save()}>
        {said.save}
      </Button>
      <Button kind="quiet" onPress={() => (edited.value = null)}>
        {t.value.shell.cancel}
      </Button>
    </form>
  );
}
