import { type Notice, notices } from "../state/notices";
import { t } from "../i18n";
import { Button, IconButton } from "./button";

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <NoticeItem key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeItem({ notice }: { notice: Notice }) {
  const dismiss = (): void => {
    notices.value = notices.value.filter((one) => one.id !== notice.id);
  };
  const { action } = notice;
  return (
    <div class={`notice ${notice.kind}`}>
      <p dir="auto">{notice.text}</p>
      {action ? (
        <Button
          compact
          onPress={() => {
            dismiss();
            action.run();
          }}
        >
          {action.label}
        </Button>
      ) : null}
      <IconButton compact kind="quiet" icon="close" label={t.value.shell.dismiss} onPress={dismiss} />
      {notice.timeLimitMs === null ? null : (
        <span
          class="notice-countdown"
          style={{ animationDuration: `${notice.timeLimitMs}ms` }}
          aria-hidden="true"
        />
      )}
    </div>
  );
}
