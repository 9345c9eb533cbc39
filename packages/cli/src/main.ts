#!/usr/bin/env node
// Starts the program under Node 24 whatever Node started this file. Hosts with Node 20 have a 24 in node_modules (the
// `node` package), but only npm scripts and npx find it first. So this file is plain JavaScript in CommonJS, which any
// Node reads, and everything else is TypeScript.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const modules = join(__dirname, "../../../node_modules");
const newer = join(modules, ".bin/node");

// Rows stream through as short-lived objects. Left alone, the young generation grows to take in ever more of them before it
// cleans up: an import of 500,000 rows peaked at 360 MB instead of 220 MB, and was no faster.
const v8 = require("node:v8");
v8.setFlagsFromString("--max-semi-space-size=8");
v8.setFlagsFromString("--semi-space-growth-factor=1");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  // What was compiled once is read the next time: half of the processor time of a short command. The folder belongs to whoever
  // installed; where it cannot be written, everything is compiled again. Not Node's own default: that is in /tmp, for anyone to fill.
  require("node:module").enableCompileCache(join(modules, ".cache/runback"));
  import("../program/run.ts");
} else if (existsSync(newer)) {
  const child = require("node:child_process").spawn(newer, [__filename, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // The child gets the terminal's signals too and ends in its own time; this process only reports how.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  child.on("exit", (code = 2, signal = "") => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 2)));
} else {
  process.stderr.write(
    "error NODE_TOO_OLD: Runback needs Node 24.\nRun `npm install` in the clone: it brings one along.\n",
  );
  process.exit(2);
}
