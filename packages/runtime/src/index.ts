export {
  type AttendanceConfig,
  defineConfig,
  type MigrationConfig,
  type OidcConfig,
  type ReceiverConfig,
  type RunbackConfig,
  type TargetConfig,
} from "./config.ts";
export type { DependencyHealth, Health } from "./health.ts";
export { jsonLogger } from "./json-logger.ts";
export { type LoadedConfig, loadConfig } from "./load-config.ts";
export { type Monitor, type MonitorState, monitorsOf } from "./monitors.ts";
export { openRuntime, type RuntimeOptions, runbackFolder } from "./open-runtime.ts";
export type { ImportRequest, RollbackRequest, Runtime } from "./runtime.ts";
export { alertSender } from "./send-alert.ts";
