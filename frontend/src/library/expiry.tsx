import { moment, span } from "../i18n/formats";
import { t } from "../i18n";
import { expiresSoon } from "./retention";

/** That a recording is kept, or that the retention deletes it soon. */
export function Expiry({ isKept, expiresAt }: { isKept: boolean; expiresAt: string | null }) {
  const texts = t.value.library;
  if (isKept) return <span class="badge good">{texts.kept}</span>;
  const now = new Date();
  if (expiresAt === null || !expiresSoon(expiresAt, now.getTime())) return null;
  const leftS = (Date.parse(expiresAt) - now.getTime()) / 1000;
  return (
    <span class="badge warn" title={texts.expires(moment(expiresAt))}>
      {texts.expiresIn(span(leftS))}
    </span>
  );
}
