import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireEmbedded } from "../../packages/runtime/src/embedded/acquire.ts";

export interface TestServer extends AsyncDisposable {
  /** URL of a superuser, to a database that tests do not use themselves. */
  readonly adminUrl: string;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL for tests: the server that `RUNBACK_TEST_POSTGRES_URL` names, or one started in a scratch folder on
 * a free port, fast because it need not survive a power cut. It is gone after `stop`, and after the death of this
 * process in any way.
 */
export async function postgresServer(): Promise<TestServer> {
  const given = process.env.RUNBACK_TEST_POSTGRES_URL;
  if (given) return { adminUrl: given, stop: async () => {}, [Symbol.asyncDispose]: async () => {} };
  const directory = mkdtempSync(join(tmpdir(), "runback-test-"));
  const lease = await acquireEmbedded({ directory, durability: "scratch" });
  const url = new URL(lease.url);
  url.pathname = "/postgres";
  return { adminUrl: url.href, stop: lease.release, [Symbol.asyncDispose]: lease.release };
}
