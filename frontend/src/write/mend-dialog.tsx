/** Offers to mend a text whose lines are broken, and shows a preview. */

import { useComputed, useSignal } from "@preact/signals";
import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Button } from "../ui/button";
import { closeDialog, Dialog } from "../ui/dialog";
import { type Findings, mend, type Mending } from "./hard-wrapped";

const PREVIEW_CHARS = 4000;

export function MendDialog({
  text,
  findings,
  onMend,
  onClose,
}: {
  text: string;
  findings: Findings;
  onMend: (text: string, mended: string) => void;
  onClose: () => void;
}) {
  const messages = t.value.write;
  const mending = useSignal<Mending>({ joinLines: true, mendHyphens: true, dropPageNumbers: true });
  const preview = useComputed(() => mend(text.slice(0, PREVIEW_CHARS), mending.value));
  const options = [
    ["joinLines", findings.brokenLines, messages.joinLines],
    ["mendHyphens", findings.splitWords, messages.mendHyphens],
    ["dropPageNumbers", findings.pageNumbers, messages.dropPageNumbers],
  ] as const;
  return (
    <Dialog title={messages.mendTitle} onClose={onClose}>
      <p>{messages.mendText}</p>
      {options.map(([name, found, label]) =>
        found ? (
          <label key={name} class="row mend-option">
            <input
              class="tick"
              type="checkbox"
              checked={mending.value[name]}
              onChange={(event) =>
                (mending.value = { ...mending.value, [name]: event.currentTarget.checked })
              }
            />
            {label(count(found))}
          </label>
        ) : null,
      )}
      <pre class="mend-preview" tabIndex={0} role="region" aria-label={messages.mendPreview} dir="auto">
        {preview}
      </pre>
      <div class="row dialog-actions">
        <Button kind="quiet" onPress={closeDialog}>
          {messages.keepLines}
        </Button>
        <Button
          kind="primary"
          onPress={(event) => {
            closeDialog(event);
            onMend(text, mend(text, mending.value));
          }}
        >
          {messages.mendApply}
        </Button>
      </div>
    </Dialog>
  );
}
