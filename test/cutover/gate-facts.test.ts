import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attendeeStatus, ticketState } from "@runback/attendance";
import { guard, revisionOf, sourceFiles } from "@runback/guard";
import { expect, test } from "vitest";
import { conditionsFor } from "../../packages/operations/src/cutover/gate-conditions.ts";
import { guardVerdict, verdictProblem } from "../../packages/operations/src/cutover/guard-verdict.ts";
import type { Position } from "../../packages/operations/src/cutover/positions.ts";

const page = readFileSync(new URL("../../docs/cutover.md", import.meta.url), "utf8");

/** A definition that asks for everything a gate can. */
const asking = { gates: { comparisons: { atLeast: 1, from: ["application"] } } };

test("docs/cutover.md has the conditions of every gate, and what each means", () => {
  const entered = ([0, 1, 2, 3, 4, 5] as const).map((phase): Position => ({ phase, state: "entered" }));
  const positions: Position[] = [...entered, { phase: 5, state: "dropped" }];
  const table = page.slice(page.indexOf("| to | conditions |")).split("\n\n")[0]!;
  const rows = table.split("\n").slice(2);
  const named = rows.map((row) => [...row.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]));
  expect(named).toEqual(
    positions.map((to) => conditionsFor(to, asking).filter((id) => id !== "definition" && id !== "schema")),
  );
  for (const id of new Set(positions.flatMap((to) => conditionsFor(to, asking))))
    expect(page).toContain(`\n| \`${id}\` | `);
});

test("a gate reads what the guard writes, and takes only a pass on a clean commit, by the rules of phase 4, of this cutover", async () => {
  const folder = mkdtempSync(join(tmpdir(), "runback-guard-gate-"));
  try {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
        encoding: "utf8",
      }).trim();
    const source = join(folder, "attend.ts");
    const write = (column: string) =>
      writeFileSync(source, `db("event_attendance").where({ id }).update({ ${column}: "dna" });\n`);
    const report = async (phase: 2 | 4 = 4): Promise<unknown> => {
      const cutovers = [{ cutover: attendeeStatus, phase }];
      const about = { cutovers, now: new Date(), revision: await revisionOf([folder]) };
      return JSON.parse(JSON.stringify(await guard(await sourceFiles([folder], []), about)));
    };
    const problem = async (revision?: string, phase?: 2 | 4) =>
      verdictProblem(guardVerdict(attendeeStatus, await report(phase)), revision);

    write("status_v2");
    expect(await problem()).toBe("the guard's report names no commit");
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "one");
    const commit = git("rev-parse", "HEAD");
    expect(await problem()).toBeNull();
    const scope = { paths: ["src"], excluded: ["src/old"] };
    const given = (await report()) as object;
    expect(guardVerdict(attendeeStatus, { ...given, scope }).scope).toEqual(scope);
    expect(guardVerdict(attendeeStatus, { ...given, scope: { paths: [1] } }).scope).toBeNull();
    expect(await problem(commit)).toBeNull();
    expect(await problem(commit.slice(0, 9))).toBeNull();
    expect(await problem("0000000")).toContain("not on 0000000");
    expect(await problem(commit.slice(0, 3))).toContain("not on");
    expect(await problem(commit, 2)).toBe("the guard applied the rules of phase 2");
    expect(verdictProblem(guardVerdict(ticketState, await report()), undefined)).toContain("not about this cutover");
    write("status");
    expect(await problem()).toBe("the guard found writes of the legacy column");
    writeFileSync(source, "export const nothing = 1;\n");
    expect(await problem()).toBe("files differed from the commit");
    git("checkout", "-q", ".");
    expect(await revisionOf([folder], [source])).toEqual({ commit, dirty: false });
    expect(await revisionOf([folder], [source, import.meta.filename])).toMatchObject({
      ...{ commit: null, why: "a link leads out of the repository" },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each([
  ["nothing", null],
  ["a list", []],
  ["an empty object", {}],
  ["a report without a revision", { passed: true, checkedAt: "2026-01-15T14:30:00.000Z", files: 1, cutovers: [] }],
])("%s is refused as a report", (_name, report) => {
  expect(() => guardVerdict(attendeeStatus, report)).toThrow(expect.objectContaining({ code: "GUARD_REPORT_INVALID" }));
});
