/** What the service tells of the farm, by the names that the page uses. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Worker = Schemas["WorkerView"];
export type ServedModel = Schemas["ServedModel"];
export type Holding = Schemas["LeasedPart"];
export type Queue = Schemas["QueueView"];
// By way of what holds it: another schema has the same name, and the document tells them apart by long ones.
export type Model = Schemas["ModelsStatus"]["models"][number];
export type Weights = Model["weights"][number];
export type Download = Schemas["DownloadView"];
export type Orders = Schemas["ModelCommandResult"];
export type Analytics = Schemas["Analytics"];
export type WaitedFigures = Schemas["StatisticsWithLatencies"];
export type NamedFigures = Schemas["NamedStatistics"];
export type Percentiles = Schemas["Percentiles"];
