/** The list of keys, opened with the key `?` or from the settings. */

import { signal } from "@preact/signals";
import { t } from "../i18n";
import { Button } from "./button";
import { closeDialog, Dialog } from "./dialog";

export const isHelpOpen = signal(false);

export function ShortcutHelp() {
  if (!isHelpOpen.value) return null;
  const texts = t.value.shell;
  const keys: readonly (readonly [keys: readonly string[], action: string])[] = [
    [[texts.spaceKey, "K"], texts.keyToggle],
    [["←", "→"], texts.keyStep],
    [["J", "L"], texts.keyLongStep],
    [["−", "+"], texts.volume],
    [["/"], texts.keySearch],
    [[texts.shortcutGenerate], t.value.write.generate],
    [["Ctrl + Z"], texts.keyUndo],
    [["?"], texts.keyHelp],
  ];
  return (
    <Dialog title={texts.keys} onClose={() => (isHelpOpen.value = false)}>
      <dl class="shortcuts">
        {keys.map(([names, action]) => (
          <div key={action}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{action}</dd>
          </div>
        ))}
      </dl>
      <div class="row dialog-actions">
        <Button onPress={closeDialog}>{texts.close}</Button>
      </div>
    </Dialog>
  );
}
