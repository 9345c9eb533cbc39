export type { SampleOptions } from "./export-options.ts";
export { exportPaths } from "./export-paths.ts";
export {
  type ExpectedRefusal,
  type ExportEntity,
  type HostileExport,
  type HostileOptions,
  writeHostileExport,
} from "./hostile.ts";
export { type SampleLevel, sampleLevels, sampleTierMapping } from "./levels.ts";
export { sampleStatuses } from "./registrations.ts";
export { type ExportFile, type WrittenExport, writeSampleExport } from "./write-sample-export.ts";
