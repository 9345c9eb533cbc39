import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { commandLine, findProcesses, fromPs, signal } from "./processes.ts";

test("a process is found by its command line while it lives, and not after", async () => {
  const mark = `runback-mark-${process.pid}`;
  const child = spawn("/bin/sh", ["-c", "read line", "sh", mark], { stdio: ["pipe", "ignore", "inherit"] });
  await once(child, "spawn");
  expect(findProcesses((text) => text.includes(mark))).toEqual([child.pid]);
  expect(commandLine(child.pid!)).toContain(`read line sh ${mark}`);
  if (existsSync("/bin/ps")) {
    expect(fromPs("-A").get(child.pid!)).toBe(commandLine(child.pid!));
    expect([...fromPs("-p", String(child.pid)).keys()]).toEqual([child.pid]);
  }
  signal(child.pid!, "SIGKILL");
  await once(child, "exit");
  expect(commandLine(child.pid!)).toBeUndefined();
  expect(findProcesses((text) => text.includes(mark))).toEqual([]);
  // Gone already is no error.
  signal(child.pid!, "SIGKILL");
});
