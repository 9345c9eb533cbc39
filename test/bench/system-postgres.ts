import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";

export interface SystemPostgres extends AsyncDisposable {
  readonly url: string;
  /** `pg_dump` and `pg_restore` of the server's own version. */
  readonly bin: string;
}

/** A server of the system's packages, whose `pg_dump` fits it: the embedded one comes without. Undefined where there is none. */
export async function systemPostgres(): Promise<SystemPostgres | undefined> {
  const bin = globSync("/usr/lib/postgresql/*/bin").findLast((each) =>
    ["postgres", "initdb", "pg_dump", "pg_restore"].every((name) => existsSync(join(each, name))),
  );
  if (bin === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "runback-bench-pg-"));
  // The server refuses to run as root.
  const root = process.getuid?.() === 0;
  if (root) execFileSync("chown", ["postgres", folder]);
  chmodSync(folder, 0o755);
  const as = (program: string, args: readonly string[]) =>
    root ? (["runuser", ["-u", "postgres", "--", program, ...args]] as const) : ([program, args] as const);
  const data = join(folder, "data");
  const [init, initArgs] = as(join(bin, "initdb"), [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C",
  ]);
  execFileSync(init, initArgs, { stdio: "ignore", cwd: "/" });
  const port = await freePort();
  const settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_wal_size=4GB"];
  const [start, startArgs] = as(join(bin, "postgres"), ["-D", data, "-p", String(port), ...settings]);
  const server = spawn(start, startArgs, { stdio: "ignore", cwd: "/" });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await answers(url);
  return {
    url,
    bin,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      const [stop, stopArgs] = as(join(bin, "pg_ctl"), ["stop", "-D", data, "-m", "immediate"]);
      execFileSync(stop, stopArgs, { stdio: "ignore", cwd: "/" });
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

async function answers(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const until = performance.now() + 30_000;
  for (;;) {
    const up = await sql`SELECT 1`.then(
      () => true,
      () => false,
    );
    if (up) break;
    if (performance.now() > until) throw new Error("the system's PostgreSQL did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await sql.end();
}
