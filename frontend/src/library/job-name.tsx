import { link } from "../state/route";
import { voiceName } from "../state/voices";

/** The title and voice of a job that has no recording (yet). */
export function JobName({ jobId, title, voiceId }: { jobId: string; title: string; voiceId: string }) {
  return (
    <div class="in-progress-name">
      <a class="clip" href={link("listen", jobId)} dir="auto">
        {title}
      </a>
      <span class="soft small clip">
        <bdi>{voiceName(voiceId)}</bdi>
      </span>
    </div>
  );
}
