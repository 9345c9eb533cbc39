import { expect, test } from "vitest";
import { withRun } from "./session-environment.ts";

const run = "run-20260115-143000-4f2a91";
const option = "options=-c%20runback.run_id%3Drun-20260115-143000-4f2a91";

test.each([
  ["postgres://h/db", `postgres://h/db?${option}`],
  ["postgres://h/db?", `postgres://h/db?${option}`],
  ["postgres://u:p%40@h:5432/db?sslmode=require", `postgres://u:p%40@h:5432/db?sslmode=require&${option}`],
  [
    "postgresql://a:1,b:2/db?target_session_attrs=read-write",
    `postgresql://a:1,b:2/db?target_session_attrs=read-write&${option}`,
  ],
  [
    "postgres://h/db?options=-c%20statement_timeout%3D5s&sslmode=require",
    "postgres://h/db?sslmode=require&options=-c%20statement_timeout%3D5s%20-c%20runback.run_id%3Drun-20260115-143000-4f2a91",
  ],
])("%s names the run", (url, expected) => {
  expect(withRun(url, run, {}).DATABASE_URL).toBe(expected);
});

test("what was asked for in PGOPTIONS stays", () => {
  expect(withRun("postgres://h/db", run, { PGOPTIONS: "-c work_mem=64MB" })).toMatchObject({
    PGOPTIONS: `-c work_mem=64MB -c runback.run_id=${run}`,
    RUNBACK_RUN_ID: run,
  });
  expect(withRun("postgres://h/db", run, {}).PGOPTIONS).toBe(`-c runback.run_id=${run}`);
});

test("nothing but a run id gets into an option", () => {
  expect(() => withRun("postgres://h/db", "run-1 -c row_security=off", {})).toThrow();
});
