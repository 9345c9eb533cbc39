import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Makes sure that the components of the installed sst are unpacked: once per clone, some ten seconds. */
export function unpack(): void {
  const script = fileURLToPath(new URL("../../../scripts/unpack-sst.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
