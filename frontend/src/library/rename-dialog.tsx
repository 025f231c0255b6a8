import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { explain } from "../ui/state";
import { rename } from "./recordings";

const TITLE_CHARS = 200;

export function RenameDialog({ jobId, title, onClose }: { jobId: string; title: string; onClose: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(title);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const said = t.value;
  useEffect(() => box.current?.select(), []);
  const save = async (): Promise<void> => {
    const wanted = name.trim();
    if (wanted === "" || busy) return;
    if (wanted === title) return onClose();
    setBusy(true);
    try {
      await rename(jobId, wanted);
      onClose();
    } catch (cause) {
      setTrouble(cause instanceof Failure ? explain(cause) : String(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog title={said.library.rename} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label class="field">
          <span class="label">{said.library.name}</span>
          <input
            ref={box}
            class="input"
            dir="auto"
            value={name}
            maxLength={TITLE_CHARS}
            autocomplete="off"
            aria-describedby={trouble ? "rename-trouble" : undefined}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {trouble ? (
          <p id="rename-trouble" class="note bad" role="alert" dir="auto">
            {trouble}
          </p>
        ) : null}
        <div class="row library-dialog-acts">
          <Button kind="quiet" onPress={onClose}>
            {said.shell.cancel}
          </Button>
          <Button kind="primary" busy={busy} disabled={name.trim() === ""} onPress={() => void save()}>
            {said.library.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
