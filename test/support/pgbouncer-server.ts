import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { serverAccount } from "../../packages/runtime/src/embedded/account.ts";
import { choosePort } from "../../packages/runtime/src/embedded/port.ts";

export interface PgbouncerServer extends AsyncDisposable {
  readonly port: number;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

const needed =
  "The pgbouncer suites need PgBouncer: install it (Debian: apt-get install pgbouncer), or leave them out with RUNBACK_TEST_SKIP=pgbouncer.";

/**
 * PgBouncer in transaction mode in front of a PostgreSQL, for any of its databases, on a free port and with its files in a
 * scratch folder. Root on Debian installs the package when it is missing. It is gone after `stop`, and after the death of
 * this process in any way.
 *
 * @param options.dropsSettings also takes settings a client begins its session with, and drops them
 */
export async function pgbouncerServer(
  serverUrl: string,
  options: { readonly dropsSettings?: boolean } = {},
): Promise<PgbouncerServer> {
  const program = findProgram();
  // It refuses to run as root.
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), "runback-pgbouncer-"));
  const server = new URL(serverUrl);
  const port = await choosePort(undefined);
  const config = join(folder, "pgbouncer.ini");
  const password = decodeURIComponent(server.password);
  writeFileSync(
    config,
    `[databases]
* = host=${server.hostname} port=${server.port || 5432} user=${decodeURIComponent(server.username)}${password && ` password=${password}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
server_idle_timeout = 5
${options.dropsSettings ? "ignore_startup_parameters = options" : ""}
`,
  );
  chmodSync(folder, 0o755);
  if (account) chownSync(folder, account.uid, account.gid);
  // The shell ends it when our end of the pipe is gone, however that came about.
  const child = spawn(
    "sh",
    ["-c", '"$0" -q "$1" & pid=$!; cat > /dev/null; kill -9 $pid; wait $pid', program, config],
    {
      ...account,
      cwd: folder,
      stdio: ["pipe", "ignore", "pipe"],
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const stop = async () => {
    const gone = once(child, "exit");
    child.stdin.end();
    if (child.exitCode === null) await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await answers(port))) {
    await stop();
    throw new Error(`PgBouncer did not start: ${said.trim() || "it said nothing"}`);
  }
  return { port, stop, [Symbol.asyncDispose]: stop };
}

function findProgram(): string {
  const find = () =>
    ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].find(
      existsSync,
    );
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    try {
      execFileSync("apt-get", ["update", "-q"], { env, stdio: "ignore" });
      execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "pgbouncer"], {
        env,
        stdio: "ignore",
      });
    } catch {
      throw new Error(needed);
    }
  }
  const installed = find();
  if (installed === undefined) throw new Error(needed);
  return installed;
}

async function answers(port: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return true;
    await wait(50);
  }
  return false;
}
