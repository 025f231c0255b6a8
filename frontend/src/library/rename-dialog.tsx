import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { explain } from "../ui/state";
import { rename } from "./recordings";

const TITLE_CHARS = 200;

export function RenameDialog({
  jobId,
  title,
  onClose,
}: {
  jobId: string;
  title: string;
  onClose: () => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(title);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const texts = t.value;
  useEffect(() => input.current?.select(), []);
  const save = async (): Promise<void> => {
    const newTitle = name.trim();
    if (newTitle === "" || busy) return;
    if (newTitle === title) return onClose();
    setBusy(true);
    try {
      await rename(jobId, newTitle);
      onClose();
    } catch (cause) {
      setError(cause instanceof Failure ? explain(cause) : String(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog title={texts.library.rename} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label class="field">
          <span class="label">{texts.library.name}</span>
          <input
            ref={input}
            class="input"
            dir="auto"
            value={name}
            maxLength={TITLE_CHARS}
            autocomplete="off"
            aria-describedby={error ? "rename-error" : undefined}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {error ? (
          <p id="rename-error" class="note bad" role="alert" dir="auto">
            {error}
          </p>
        ) : null}
        <div class="row dialog-actions">
          <Button kind="quiet" onPress={onClose}>
            {texts.shell.cancel}
          </Button>
          <Button kind="primary" busy={busy} disabled={name.trim() === ""} onPress={() => void save()}>
            {texts.library.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
