/** The title of a recording, with a form to rename it. */

import { useSignal } from "@preact/signals";
import type { Failure } from "../api/client";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { Button, IconButton } from "../ui/button";
import { explain } from "../ui/state";
import type { JobWatcher } from "./job-watcher";

const TITLE_CHARS_MAX = 200;

export function Heading({ watcher }: { watcher: JobWatcher }) {
  const messages = t.value.listen;
  /** Null while the form is closed. */
  const newTitle = useSignal<string | null>(null);
  const busy = useSignal(false);

  const save = async (): Promise<void> => {
    const title = newTitle.value?.trim();
    if (!title || busy.value) return;
    busy.value = true;
    try {
      await watcher.rename(title);
      newTitle.value = null;
    } catch (failure) {
      showNotice(explain(failure as Failure), { kind: "bad" });
    } finally {
      busy.value = false;
    }
  };

  if (newTitle.value === null) {
    return (
      <div class="row heading">
        <h1 dir="auto">{watcher.title.value || messages.untitled}</h1>
        {watcher.recording.value ? (
          <IconButton
            kind="quiet"
            icon="edit"
            label={messages.rename}
            onPress={() => (newTitle.value = watcher.title.value)}
          />
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
        if (event.key === "Escape") newTitle.value = null;
      }}
    >
      <h1 class="visually-hidden">{watcher.title.value}</h1>
      <input
        class="input"
        dir="auto"
        aria-label={messages.title}
        maxLength={TITLE_CHARS_MAX}
        autofocus
        value={newTitle.value}
        onInput={(event) => (newTitle.value = event.currentTarget.value)}
      />
      <Button kind="primary" busy={busy.value} disabled={!newTitle.value.trim()} onPress={() => void save()}>
        {messages.save}
      </Button>
      <Button kind="quiet" onPress={() => (newTitle.value = null)}>
        {t.value.shell.cancel}
      </Button>
    </form>
  );
}
