// Unpacks the platform of the installed sst into .sst/platform: the components that infra/ is written in, their types, and
// their dependencies from the npm registry. Needs no AWS account and no other tool. Done once for each version of sst.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = JSON.parse(readFileSync(`${root}node_modules/sst/package.json`, "utf8")).version;

if (!isComplete()) {
  process.stderr.write(`Unpacking the sst ${wanted} platform ...\n`);
  // In a folder of its own and then renamed: what was killed halfway is never taken for complete, and two at once do no harm.
  const scratch = `${root}.sst/unpack-${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  try {
    unpackInto(scratch);
    if (!isComplete()) install(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** sst writes the provider lock last. */
function isComplete() {
  const version = `${root}.sst/platform/version`;
  return (
    existsSync(version) &&
    readFileSync(version, "utf8").trim() === wanted &&
    existsSync(`${root}.sst/provider-lock.json`)
  );
}

function unpackInto(scratch) {
  const config = 'export default $config({ app: () => ({ name: "runback", home: "aws" }), run: async () => {} });\n';
  writeFileSync(`${scratch}/sst.config.ts`, config);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}node_modules/sst/bin/sst.mjs`, "install", "--stage", "test"],
    {
      cwd: scratch,
      encoding: "utf8",
      env: {
        ...process.env,
        SST_SKIP_DEPENDENCY_CHECK: "1",
        SST_NO_BUN: "1",
        SST_TELEMETRY_DISABLED: "1",
        npm_config_prefer_offline: "true",
        npm_config_audit: "false",
        npm_config_fund: "false",
      },
    },
  );
  if (status !== 0) {
    throw new Error(
      `sst install failed. Check the network or the registry setting, then try again.\n${stdout}${stderr}`,
    );
  }
}

function install(scratch) {
  if (existsSync(`${root}.sst/platform`)) renameSync(`${root}.sst/platform`, `${scratch}/replaced`);
  renameSync(`${scratch}/.sst/platform`, `${root}.sst/platform`);
  cpSync(`${scratch}/.sst/provider-lock.json`, `${root}.sst/provider-lock.json`);
}
