/** Types of the API that the system screen uses. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Worker = Schemas["WorkerView"];
export type ServedModel = Schemas["ServedModel"];
export type LeasedPart = Schemas["LeasedPart"];
export type Queue = Schemas["QueueView"];
export type Model = Schemas["ModelView"];
export type Weights = Model["weights"][number];
export type Download = Schemas["DownloadView"];
export type ModelCommandResult = Schemas["ModelCommandResult"];
export type Analytics = Schemas["Analytics"];
export type WindowStatistics = Schemas["StatisticsWithLatencies"];
export type NamedStatistics = Schemas["NamedStatistics"];
export type Percentiles = Schemas["Percentiles"];
