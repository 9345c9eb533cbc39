import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { RunbackError } from "@runback/core";
import { DATABASE, ROLE } from "./cluster.ts";
import { readPrivate, writePrivate } from "./private-file.ts";

/** What a directory remembers about its server, in `embedded.json`. */
export interface EmbeddedConfig {
  readonly password: string;
  /** Absent until the first start. */
  readonly port?: number;
  /** Where the data lies when it cannot lie in the directory itself. */
  readonly home?: string;
}

/**
 * The configuration of a directory, `undefined` for a new one.
 *
 * @throws RunbackError EMBEDDED_DAMAGED: guessing on would show an empty database where there is a full one
 */
export function readConfig(directory: string): EmbeddedConfig | undefined {
  const path = configPath(directory);
  let value: unknown;
  try {
    value = readPrivate(path);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw damaged(path, cause);
  }
  if (value === undefined) return undefined;
  const { password, port, home } = (value ?? {}) as Partial<EmbeddedConfig>;
  if (typeof password !== "string" || !/^[0-9a-f]+$/.test(password)) throw damaged(path);
  return { password, ...(typeof port === "number" && { port }), ...(typeof home === "string" && { home }) };
}

export function writeConfig(directory: string, config: EmbeddedConfig): void {
  writePrivate(configPath(directory), config);
}

/** Hexadecimal, so that it needs no escaping in a URL or in SQL. */
export function newPassword(): string {
  return randomBytes(24).toString("hex");
}

/** `postgres://operator:<password>@127.0.0.1:<port>/runback` */
export function connectionUrl(config: EmbeddedConfig): string {
  return `postgres://${ROLE}:${config.password}@127.0.0.1:${config.port}/${DATABASE}`;
}

function configPath(directory: string): string {
  return join(directory, "embedded.json");
}

function damaged(path: string, cause?: unknown): RunbackError {
  return new RunbackError("EMBEDDED_DAMAGED", `${path} cannot be read: it names the data of the embedded PostgreSQL`, {
    recovery:
      "Restore the file, or delete it: data in the same folder is then found again; data outside of it is no longer used.",
    cause,
  });
}
