import type { Writable } from "node:stream";
import { type Logger, type LogLevel, redact } from "@runback/core";

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One JSON object a line and nothing else, so that `jq` never meets a plain line. Passwords in URLs are masked. */
export function jsonLogger(stream: Writable, target: string, least: LogLevel = "info"): Logger {
  return {
    log: (level, op, fields = {}) => {
      if (ranks[level] < ranks[least]) return;
      const line = { timestamp: new Date().toISOString(), level, op, target, message: op, ...fields };
      stream.write(`${redact(JSON.stringify(line))}\n`);
    },
  };
}
