// Type-checks infra/, sst.config.ts and test/infra/ against the components of the installed sst.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import "./unpack-sst.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = `${root}node_modules/typescript/bin/tsc`;
const { status } = spawnSync(process.execPath, [compiler, "--noEmit", "-p", "infra/tsconfig.json"], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
