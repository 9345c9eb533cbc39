import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/bin", "/usr/local/bin"];

/** The command line client that runbooks mean, where there is one. */
export const client = ["mariadb", "mysql"]
  .flatMap((name) => folders.map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

/** Feeds a script to the client's input, as `mysql < file` does. @returns what it printed, tab separated @throws with what it said */
export async function mariadbClient(url: string, script: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const args = [
    "--no-defaults",
    "--protocol=tcp",
    `--host=${hostname}`,
    `--port=${port || 3306}`,
    `--user=${username}`,
  ];
  const child = spawn(client!, [...args, "--batch", pathname.slice(1)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, MYSQL_PWD: decodeURIComponent(password) },
  });
  let [printed, said] = ["", ""];
  child.stdout.on("data", (chunk) => (printed += String(chunk)));
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  child.stdin.end(script);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) throw new Error(`the client ended with ${status}: ${said}`);
  return printed;
}
