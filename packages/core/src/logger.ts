/** One JSON object a line: `timestamp`, `level`, `op`, `run_id`, `target`, `message`, plus fields. Ids and counts only. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Logger {
  log(level: LogLevel, op: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentLogger: Logger = { log: () => {} };
