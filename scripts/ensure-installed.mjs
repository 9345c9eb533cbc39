// Runs before `npm start` and `npm test` under whatever Node the host has (20 or later), so plain JavaScript.
// Installs dependencies when they are missing or when the lock file changed since they were installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${root}node_modules/.runback-installed`;
const lock = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  process.stderr.write("Installing dependencies (npm ci) ...\n");
  const npm = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : [process.platform === "win32" ? "npm.cmd" : "npm", []];
  const args = [...npm[1], "ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  // stdout belongs to the command that follows (it may be JSON), so npm's goes to stderr.
  const result = spawnSync(npm[0], args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    process.stderr.write("npm ci failed. Check the network or the registry setting, then run the command again.\n");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, lock);
}
