import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findToken } from "@runback/operations";
import { type Runtime, runbackFolder } from "@runback/runtime";
import { InvalidArgumentError } from "commander";
import type { Session } from "./session.ts";

export interface ListenOptions {
  readonly port?: number;
  readonly host?: string;
}

/** Serves until Ctrl-C, and says where, as whom, and on which database. */
export async function serveUntilStopped(session: Session, options: ListenOptions): Promise<void> {
  const runtime = await session.runtime();
  await runtime.init();
  const { serve } = await import("@runback/api");
  const adminToken = process.env.RUNBACK_ADMIN_TOKEN;
  const served = await serve(runtime, {
    port: options.port ?? listenPort(process.env.PORT ?? "3000"),
    ...(options.host === undefined ? {} : { hostname: options.host }),
    ...(adminToken === undefined ? {} : { adminToken }),
    signal: session.stop.signal,
  });
  session.sayAll([
    `Dashboard and API   ${served.url}   (documentation ${served.url}/docs)`,
    `Database            ${runtime.databaseUrl}`,
    `Operator token      ${await operatorToken(runtime)}`,
    "Ctrl-C stops it.",
  ]);
  await stopped(session.stop.signal);
  await served.close();
}

/** @throws InvalidArgumentError for what is no port */
export function listenPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || text.trim() === "") {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return port;
}

/** One token an installation, kept beside its database for its owner alone: starting again prints the same. */
async function operatorToken(runtime: Runtime): Promise<string> {
  const file = join(runbackFolder(runtime.home), "operator-token");
  const { engine } = runtime.context;
  const kept = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (kept !== "" && findToken(await engine.store.tokens(engine), kept)) return kept;
  const { secret } = await runtime.mintToken({ name: "operator", role: "operator", operator: "runback start" });
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return secret;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
