import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { ColumnCutover, Phase } from "@runback/core";
import { checkCode } from "./check-code.ts";
import { checkScript, type TriggerFacts, triggerFindings } from "./check-script.ts";
import type { SourceFile } from "./files.ts";
import type { Finding } from "./finding.ts";
import { parseModule } from "./javascript/parse-module.ts";
import { Project } from "./javascript/project.ts";
import { prismaModel } from "./prisma-schema.ts";
import { RetiredColumn } from "./retired-column.ts";
import type { Revision } from "./revision.ts";
import { type RuleId, rules } from "./rules.ts";
import { lex } from "./sql/lex.ts";
import { loadParsers } from "./sql/read-statement.ts";
import { type Comment, type Waiver, waiversIn } from "./waivers.ts";

export interface GuardOptions {
  readonly cutovers: readonly { readonly cutover: ColumnCutover; readonly phase: Phase }[];
  readonly now: Date;
  readonly revision: Revision;
  /** What was asked for: files that nobody named are not read, and nothing else says so. */
  readonly scope?: GuardScope;
}

export interface GuardScope {
  readonly paths: readonly string[];
  readonly excluded: readonly string[];
}

export interface WaivedFinding extends Finding {
  readonly until: string;
  readonly reason: string;
}

/** What a guard run found, on which revision: the record that a gate reads. */
export interface GuardReport {
  readonly checkedAt: string;
  readonly revision: Revision;
  readonly cutovers: readonly {
    readonly name: string;
    readonly table: string;
    readonly column: string;
    readonly phase: Phase;
  }[];
  readonly passed: boolean;
  readonly scope?: GuardScope;
  readonly files: number;
  readonly lines: number;
  /** SHA-256 over paths and contents of what was read. */
  readonly sourceSha256: string;
  readonly counts: {
    readonly error: number;
    readonly unread: number;
    readonly warning: number;
    readonly waived: number;
  };
  readonly findings: readonly Finding[];
  readonly waived: readonly WaivedFinding[];
}

/** Finds writes to retired columns. An error or something unread fails it, a warning does not. */
export async function guard(files: readonly SourceFile[], options: GuardOptions): Promise<GuardReport> {
  await loadParsers();
  const comments = new Map<string, readonly Comment[]>();
  const found = options.cutovers.flatMap(({ cutover, phase }) =>
    check(files, new RetiredColumn(cutover), phase, comments),
  );
  const { findings, waived } = applyWaivers(files, found, comments, options);
  const count = (severity: Finding["severity"]) => findings.filter((each) => each.severity === severity).length;
  const counts = { error: count("error"), unread: count("unread"), warning: count("warning"), waived: waived.length };
  const hash = createHash("sha256");
  for (const { path, text } of files) hash.update(`${path}\0${text}\0`);
  return {
    checkedAt: options.now.toISOString(),
    revision: options.revision,
    cutovers: options.cutovers.map(({ cutover, phase }) => ({
      name: cutover.name,
      table: cutover.table.name,
      column: cutover.legacy,
      phase,
    })),
    passed: counts.error === 0 && counts.unread === 0,
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    files: files.length,
    lines: files.reduce((sum, { text }) => sum + text.split("\n").length, 0),
    sourceSha256: hash.digest("hex"),
    counts,
    findings,
    waived,
  };
}

/** One retired column over all files. */
function check(
  files: readonly SourceFile[],
  retired: RetiredColumn,
  phase: Phase,
  comments: Map<string, readonly Comment[]>,
): Finding[] {
  const models = files.flatMap(({ language, text }) =>
    language === "prisma" ? (prismaModel(text, retired) ?? []) : [],
  );
  const code = files.filter(({ language }) => language === "code");
  const project = new Project(
    retired,
    models,
    code.map(({ path }) => resolve(path)),
  );
  const findings: Finding[] = [];
  const unparsed = new Set<string>();
  // A file counts when it has one of the table's names; names under which it is exported make more files count.
  for (let names = new Set(retired.names), before = 0; names.size !== before; ) {
    before = names.size;
    const hint = hintOf([
      ...names,
      ...models.map(({ name }) => name),
      ...models.flatMap(({ relations }) => [...relations]),
    ]);
    for (const { path, text } of code) {
      if (project.has(path) || unparsed.has(path) || !hint.test(text)) continue;
      try {
        const module = parseModule(path, text);
        project.add(module);
        comments.set(path, module.comments);
      } catch (error) {
        unparsed.add(path);
        findings.push(unreadFile(path, retired, error));
      }
    }
    names = new Set([...names, ...project.names()]);
  }
  const facts: TriggerFacts = { assignments: [], triggers: [] };
  for (const module of project.modules) findings.push(...checkCode(project, module, phase, facts));
  for (const { path, text } of files.filter(({ language }) => language === "sql")) {
    findings.push(...checkScript(path, text, retired, phase, facts));
  }
  findings.push(...triggerFindings(facts, retired, phase));
  return findings;
}

/** Case and separators do not matter: `event_attendance`, `EventAttendance` and `eventAttendances` are hits. */
function hintOf(names: readonly string[]): RegExp {
  const loose = names.map((name) =>
    name
      .replace(/[^A-Za-z0-9_]/g, "")
      .split("")
      .map((letter) => (letter === "_" ? "_?" : letter))
      .join(""),
  );
  return new RegExp(`${loose.join("|")}|runback-guard-ignore`, "i");
}

function unreadFile(path: string, retired: RetiredColumn, error: unknown): Finding {
  const { loc, message } = error as { loc?: { line: number; column: number }; message: string };
  return {
    rule: "unread-file",
    severity: "unread",
    file: path,
    line: loc?.line ?? 1,
    column: (loc?.column ?? 0) + 1,
    statementLine: loc?.line ?? 1,
    message: `This file names ${retired.cutover.table.name} and could not be parsed: ${message.replace(/ \(\d+:\d+\)$/, "")}`,
    cutover: retired.cutover.name,
  };
}

function applyWaivers(
  files: readonly SourceFile[],
  found: readonly Finding[],
  comments: Map<string, readonly Comment[]>,
  { now, cutovers }: GuardOptions,
): { findings: Finding[]; waived: WaivedFinding[] } {
  const today = now.toISOString().slice(0, 10);
  const findings: Finding[] = [];
  const waived: WaivedFinding[] = [];
  const byFile = Map.groupBy(found, ({ file }) => file);
  for (const { path, text, language } of files) {
    const own = byFile.get(path) ?? [];
    const waivers = text.includes("runback-guard-ignore")
      ? waiversIn(comments.get(path) ?? commentsOf(text, language), today)
      : [];
    const used = new Set<Waiver>();
    for (const finding of own) {
      const waiver = waivers.find((each) => each.state === "valid" && speaksOf(each, finding));
      if (waiver === undefined) findings.push(finding);
      else {
        used.add(waiver);
        waived.push({ ...finding, until: waiver.until, reason: waiver.reason });
      }
    }
    for (const waiver of waivers) {
      const rule =
        waiver.state === "valid" ? (used.has(waiver) ? null : "waiver-unused") : (`waiver-${waiver.state}` as const);
      if (rule !== null) findings.push(ofWaiver(path, waiver, rule, cutovers[0]?.cutover.name ?? ""));
    }
  }
  const order = (a: Finding, b: Finding) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column;
  return { findings: findings.sort(order), waived: waived.sort(order) };
}

/** A waiver speaks of the statement it is above, and of the lines it stands on. */
const speaksOf = (waiver: Waiver, { rule, line, statementLine }: Finding): boolean =>
  waiver.rule === rule &&
  [line, statementLine].some((each) => each === waiver.endLine + 1 || (each >= waiver.line && each <= waiver.endLine));

function ofWaiver(path: string, waiver: Waiver, rule: Extract<RuleId, `waiver-${string}`>, cutover: string): Finding {
  const message =
    rule === "waiver-invalid"
      ? `This waiver counts for nothing: ${waiver.problem}.`
      : rule === "waiver-expired"
        ? `This waiver of ${waiver.rule} held until ${waiver.until}: "${waiver.reason}".`
        : `This waiver of ${waiver.rule} waives nothing. Remove it.`;
  const { line } = waiver;
  return { rule, severity: rules[rule].severity(), file: path, line, column: 1, statementLine: line, message, cutover };
}

function commentsOf(text: string, language: SourceFile["language"]): Comment[] {
  if (language !== "sql") return [];
  const lineAt = lineCounter(text);
  return lex(text)
    .filter(({ kind }) => kind === "comment")
    .map((token) => ({ text: token.text, line: lineAt(token.start), endLine: lineAt(token.end - 1) }));
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split("\n").length;
}
