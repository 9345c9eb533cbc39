import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { RunbackError } from "@runback/core";
import type { Runtime } from "@runback/runtime";
import type { ApiLimits } from "./api-options.ts";
import { createApi } from "./create-api.ts";
import { localHost } from "./local-host.ts";
import { startScheduler } from "./schedules/scheduler.ts";
import { standardJobs } from "./schedules/standard-jobs.ts";

export interface ServeOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** Default 127.0.0.1: opening it to others is a decision. */
  readonly hostname?: string;
  /** Aborted by Ctrl-C. Pass the same signal to the runtime, so that runs stop at their next step. */
  readonly signal?: AbortSignal;
  readonly adminToken?: string;
  readonly limits?: Partial<ApiLimits>;
  /** Milliseconds a client may take to send a whole request; default 30,000. */
  readonly requestTimeoutMs?: number;
}

export interface Served {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** Takes no more requests, lets runs reach a step boundary, ends. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Serves API and dashboard from this process, with the schedules running.
 *
 * @throws `PORT_IN_USE`, `ADDRESS_UNAVAILABLE`, `ADMIN_TOKEN_WEAK`
 */
export async function serve(runtime: Runtime, options: ServeOptions): Promise<Served> {
  const { port, hostname = "127.0.0.1", signal, adminToken, limits, requestTimeoutMs = 30_000 } = options;
  const host = localHost(runtime);
  const app = createApi(runtime, {
    host,
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(limits === undefined ? {} : { limits }),
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(requestTimeoutMs, 10_000),
      connectionsCheckingInterval: Math.min(requestTimeoutMs, 5_000),
      keepAliveTimeout: 5_000,
    },
  }) as Server;
  await listening(server, port, hostname);
  const scheduler = startScheduler(runtime.context, standardJobs(runtime));
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      signal?.removeEventListener("abort", close);
      server.close();
      server.closeIdleConnections();
      await Promise.all([scheduler.close(), host.close()]);
      // What is left are event streams; their clients reconnect.
      server.closeAllConnections();
    })();
    return closed;
  };
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) await close();
  return { url: urlOf(server.address() as AddressInfo), close };
}

async function listening(server: Server, port: number, hostname: string): Promise<void> {
  const failed = once(server, "error").then(([error]) => Promise.reject(error as Error));
  const ready = once(server, "listening");
  server.listen(port, hostname);
  try {
    await Promise.race([ready, failed]);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new RunbackError("PORT_IN_USE", `Port ${port} is in use by another program.`, {
        recovery: "Set PORT to a free one, or stop the other program.",
        cause,
      });
    }
    throw new RunbackError("ADDRESS_UNAVAILABLE", `Cannot listen on ${hostname} port ${port} (${code}).`, {
      recovery: "Choose an address of this machine, and a port this user may open (1024 or higher).",
      cause,
    });
  } finally {
    failed.catch(() => {});
  }
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
