import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { type Account, serverAccount } from "../../packages/runtime/src/embedded/account.ts";

export interface MysqlServer {
  /** URL of a user who may do everything, to a database that tests do not use themselves. */
  readonly adminUrl: string;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

const needed =
  "The mysql suites need a MariaDB server: install mariadb-server (Debian: apt-get install mariadb-server), set MYSQL_URL to a server of your own (mysql://root:…@host/mysql), or leave the engine out with RUNBACK_TEST_SKIP=mysql.";

/**
 * A real MariaDB for tests: the server that `MYSQL_URL` names, or one started in a scratch folder on a free port, fast
 * because it need not survive a power cut. Root on Debian installs the package when it is missing. It is gone after
 * `stop`, and after the death of this process in any way.
 */
export async function mysqlServer(options: readonly string[] = []): Promise<MysqlServer> {
  const given = process.env.MYSQL_URL;
  if (given) return { adminUrl: given, stop: async () => {} };
  const { server, install } = binaries();
  const account = serverAccount();
  const folder = mkdtempSync(join(options.length > 0 ? tmpdir() : quickFolder(), "runback-mysql-"));
  try {
    return await start(server, install, account, folder, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * In memory where there is room: the server's log of DDL reaches the disk with every statement, whatever its settings, which made
 * restoring a schema of 44 tables take 20 s instead of 1.6.
 */
function quickFolder(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory) || tmpdir().startsWith(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= 4 * 1024 ** 3 ? memory : tmpdir();
}

async function start(
  server: string,
  install: string,
  account: Account | undefined,
  folder: string,
  options: readonly string[],
): Promise<MysqlServer> {
  chmodSync(folder, 0o755);
  if (account) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const as = account ?? {};
  execFileSync(
    install,
    [
      "--no-defaults",
      `--datadir=${data}`,
      `--tmpdir=${folder}`,
      "--skip-test-db",
      "--auth-root-authentication-method=normal",
    ],
    {
      ...as,
      stdio: ["ignore", "ignore", "pipe"],
      cwd: folder,
    },
  );
  const init = join(folder, "init.sql");
  writeFileSync(
    init,
    "CREATE OR REPLACE USER 'runback'@'127.0.0.1';\nGRANT ALL PRIVILEGES ON *.* TO 'runback'@'127.0.0.1' WITH GRANT OPTION;\n",
  );
  const port = await freePort();
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    // A folder of its own: a server that starts removes whatever temporary tables it finds in the shared one.
    `--tmpdir=${folder}`,
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--init-file=${init}`,
    "--skip-name-resolve",
    "--performance-schema=0",
    "--max-connections=300",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=96M",
    // Nothing here survives a power cut, nor need it.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--sync-binlog=0",
    ...options,
  ];
  // The shell ends the server when its input ends: when this process does, however it does.
  const child = spawn(
    "/bin/sh",
    ["-c", '"$0" "$@" & pid=$!; cat >/dev/null; kill -9 $pid; wait $pid', server, ...args],
    {
      ...as,
      stdio: ["pipe", "ignore", "pipe"],
      cwd: folder,
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  const adminUrl = `mysql://runback@127.0.0.1:${port}/mysql`;
  const stop = async () => {
    const exit = child.exitCode === null ? once(child, "exit") : Promise.resolve();
    child.stdin.end();
    await exit;
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const connection = await createConnection({ uri: adminUrl, connectTimeout: 2_000 });
      await connection.end();
      return { adminUrl, stop };
    } catch (error) {
      if (attempt > 300 || child.exitCode !== null) {
        await stop().catch(() => {});
        throw new Error(`MariaDB did not start: ${(error as Error).message}\n${said}`);
      }
      await wait(50);
    }
  }
}

function binaries(): { server: string; install: string } {
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stderr.write("Installing mariadb-server for the mysql suites ...\n");
    // The package starts a system service unless a policy says no.
    const policy = "/usr/sbin/policy-rc.d";
    const own = !existsSync(policy);
    try {
      if (own) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      execFileSync("apt-get", ["update", "-q"], { env, stdio: "ignore" });
      execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "mariadb-server"], {
        env,
        stdio: "ignore",
      });
    } catch {
      throw new Error(needed);
    } finally {
      if (own) rmSync(policy, { force: true });
    }
    const installed = find();
    if (installed) return installed;
  }
  throw new Error(needed);
}

function find(): { server: string; install: string } | undefined {
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    "/usr/sbin",
    "/usr/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
  ];
  const at = (name: string) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const server = at("mariadbd");
  const install = at("mariadb-install-db");
  return server && install ? { server, install } : undefined;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  await once(listener, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
