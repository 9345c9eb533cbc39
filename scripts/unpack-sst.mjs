// Unpacks the platform of the installed sst into .sst/platform: the components that infra/ is written in, their types, and
// their dependencies from the npm registry. Needs no AWS account and no other tool. Done once for each version of sst.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const state = fileURLToPath(new URL("../.sst/", import.meta.url));
const sst = fileURLToPath(new URL("../node_modules/sst/", import.meta.url));
const wanted = JSON.parse(readFileSync(`${sst}package.json`, "utf8")).version;
const PREFIX = "unpack-";

if (!isComplete()) {
  mkdirSync(state, { recursive: true });
  while (isUnderWay() && !isComplete()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
}
if (!isComplete()) {
  process.stderr.write(`Unpacking the sst ${wanted} platform ...\n`);
  // In a folder of its own and then renamed: what was killed halfway is never taken for complete, and two that began at the
  // same moment do no harm.
  const scratch = `${state}${PREFIX}${process.pid}`;
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
  const version = `${state}platform/version`;
  return (
    existsSync(version) && readFileSync(version, "utf8").trim() === wanted && existsSync(`${state}provider-lock.json`)
  );
}

/** True while another process unpacks. What a killed one left is removed. */
function isUnderWay() {
  return readdirSync(state)
    .filter((name) => name.startsWith(PREFIX))
    .some((name) => {
      if (isAlive(Number(name.slice(PREFIX.length)))) return true;
      rmSync(`${state}${name}`, { recursive: true, force: true });
      return false;
    });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function unpackInto(scratch) {
  const config = 'export default $config({ app: () => ({ name: "runback", home: "aws" }), run: async () => {} });\n';
  writeFileSync(`${scratch}/sst.config.ts`, config);
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${sst}bin/sst.mjs`, "install", "--stage", "test"], {
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
  });
  if (status !== 0) {
    throw new Error(
      `sst install failed. Check the network or the registry setting, then try again.\n${stdout}${stderr}`,
    );
  }
}

function install(scratch) {
  if (existsSync(`${state}platform`)) renameSync(`${state}platform`, `${scratch}/replaced`);
  renameSync(`${scratch}/.sst/platform`, `${state}platform`);
  cpSync(`${scratch}/.sst/provider-lock.json`, `${state}provider-lock.json`);
}
