export * from "./column-switch.ts";
export * from "./flag-client.ts";
export * from "./metric.ts";
export * from "./metric-reporter.ts";
