/** Types of the API that the system screen uses. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Worker = Schemas["WorkerView"];
export type ServedModel = Schemas["ServedModel"];
export type LeasedPart = Schemas["Holding"];
export type Queue = Schemas["QueueView"];
// Taken from the response: two schemas are called Model, so openapi.json gives both long names.
export type Model = Schemas["ModelsStatus"]["models"][number];
export type Weights = Model["weights"][number];
export type Download = Schemas["DownloadView"];
export type ModelCommandResult = Schemas["Orders"];
export type Analytics = Schemas["Analytics"];
export type WindowStatistics = Schemas["WaitedFigures"];
export type NamedStatistics = Schemas["NamedFigures"];
export type Percentiles = Schemas["Percentiles"];
