/** What is wrong with the chosen voice: it cannot be spoken, or it speaks another language than the text. */

import { t } from "../i18n";
import { languageName } from "../i18n/formats";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { chosenVoice } from "./chosen-voice";
import { settings } from "./settings";
import { textLanguage } from "./text-language";
import { primaryLanguage } from "./voice-search";

export function VoiceNotes({ onFindVoice }: { onFindVoice: (language: string) => void }) {
  const messages = t.value.write;
  const voice = chosenVoice.value;
  if (!voice) return null;
  const language = settings.value.language ? null : textLanguage.value;
  const speaks = voice.languages.map(primaryLanguage);
  const isForeign = language !== null && speaks.length > 0 && !speaks.includes(language);
  return (
    <>
      {voice.available ? null : (
        <p class="note bad small" dir="auto">
          {voice.provider === "stub" ? messages.beep : voice.reason}
        </p>
      )}
      {isForeign ? (
        <div class="note small voice-language" role="status">
          <Icon name="warn" />
          <div class="stack">
            <p>
              {messages.foreignText(languageName(language), [...new Set(speaks)].map(languageName).join(", "))}
            </p>
            <Button compact onPress={() => onFindVoice(language)}>
              {messages.findVoice(languageName(language))}
            </Button>
          </div>
        </div>
      ) : null}
    </>
  );
}
