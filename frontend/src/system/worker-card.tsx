import { formatName } from "../api/formats";
import { t } from "../i18n";
import { bytes, count, span } from "../i18n/formats";
import { modelName } from "../state/models";
import { link } from "../state/route";
import { voiceName } from "../state/voices";
import { ageS, formatDateTime } from "./formatting";
import { ModelStatusBadge } from "./model-status-badge";
import { PropertyList } from "./property-list";
import type { LeasedPart, ServedModel, Worker } from "./types";
import { OPS_FLAVOUR, partProgress, workerName } from "./worker-groups";

/** One alive worker process: its properties, its models and the parts that it speaks. */
export function WorkerCard({ worker }: { worker: Worker }) {
  const texts = t.value.system;
  return (
    <li class="card worker">
      <header class="row spread">
        <h3>
          <bdi>{workerName(worker)}</bdi>
        </h3>
        <span class="badge">{worker.flavour === OPS_FLAVOUR ? texts.maintenance : worker.flavour}</span>
      </header>
      <WorkerProperties worker={worker} />
      {worker.flavour === OPS_FLAVOUR ? (
        <p class="soft small">{texts.maintenanceHint}</p>
      ) : (
        <WorkerActivity worker={worker} />
      )}
    </li>
  );
}

function WorkerActivity({ worker }: { worker: Worker }) {
  const texts = t.value.system;
  return (
    <>
      {worker.models.length ? (
        <ul class="served-models" aria-label={texts.modelsOf(workerName(worker))}>
          {worker.models.map((model) => (
            <ServedModelItem key={model.weights} model={model} />
          ))}
        </ul>
      ) : (
        <p class="soft small idle-note">{texts.noModelYet}</p>
      )}
      {worker.holding.length ? (
        <LeasedParts parts={worker.holding} />
      ) : (
        <p class="soft small idle-note">{texts.idle}</p>
      )}
    </>
  );
}

/** More parts than this are collapsed: a GPU worker speaks dozens at once. */
const COLLAPSED_PARTS = 6;

function LeasedParts({ parts }: { parts: readonly LeasedPart[] }) {
  const texts = t.value.system;
  const [first, rest] = [parts.slice(0, COLLAPSED_PARTS), parts.slice(COLLAPSED_PARTS)];
  return (
    <div class="leased-parts">
      <PartList label={texts.currentJobs} parts={first} />
      {rest.length ? (
        <details class="more">
          <summary>{texts.andMore(count(rest.length))}</summary>
          <PartList label={texts.currentJobs} parts={rest} />
        </details>
      ) : null}
    </div>
  );
}

function PartList({ label, parts }: { label: string; parts: readonly LeasedPart[] }) {
  return (
    <ul class="part-list" aria-label={label}>
      {parts.map((part) => (
        <PartItem key={part.part_id} part={part} />
      ))}
    </ul>
  );
}

function WorkerProperties({ worker }: { worker: Worker }) {
  const texts = t.value.system;
  const properties: [string, string][] = [
    [texts.device, worker.device],
    [texts.engineProcesses, count(worker.engine_processes)],
    [texts.startedAt, formatDateTime(worker.started_at)],
    [texts.memory, worker.memory_bytes === null ? texts.notKnown : bytes(worker.memory_bytes)],
    [texts.version, worker.version],
    [
      worker.flavour === OPS_FLAVOUR ? texts.convertsTo : texts.formats,
      worker.formats.map(formatName).join(", ") || texts.notKnown,
    ],
  ];
  return <PropertyList properties={properties} />;
}

function ServedModelItem({ model }: { model: ServedModel }) {
  const texts = t.value.system;
  return (
    <li>
      <div class="row spread">
        <span>
          <bdi>{modelName(model.weights)}</bdi> <span class="soft small">{voicesText(model)}</span>
        </span>
        <ModelStatusBadge model={model} />
      </div>
      {model.trouble === null ? null : (
        <p class="small reason" dir="auto">
          {model.trouble}
        </p>
      )}
      {model.loaded && model.memory_bytes > 0 ? (
        <span class="visually-hidden">{texts.deviceMemory(bytes(model.memory_bytes))}</span>
      ) : null}
    </li>
  );
}

function voicesText(model: ServedModel): string {
  const texts = t.value.system;
  if (model.voices.includes("*")) return texts.anyVoice;
  return texts.voicesOf(count(model.voices.length), model.voices.length === 1);
}

function PartItem({ part }: { part: LeasedPart }) {
  const texts = t.value.system;
  const progress = partProgress(part);
  const age = ageS(part.started_at, Date.now());
  return (
    <li>
      <a class="clip" href={link("listen", part.job_id)}>
        <bdi>{voiceName(part.voice_id)}</bdi> · {texts.charsOf(count(part.chars), part.chars === 1)}
      </a>
      <progress class="bar" aria-label={texts.running} {...(progress === null ? {} : { value: progress })} />
      <span class="soft small num">
        {part.segments_total
          ? texts.segments(count(part.segments_done), count(part.segments_total))
          : texts.isRunning}
        {age === null ? "" : ` · ${texts.since(span(age))}`}
      </span>
    </li>
  );
}
