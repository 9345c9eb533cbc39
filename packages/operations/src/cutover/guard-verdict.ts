import { type ColumnCutover, RunbackError } from "@runback/core";

/** What a gate reads of a report of `runback guard`. */
export interface GuardVerdict {
  readonly passed: boolean;
  /** Null when what was read is in no repository. */
  readonly commit: string | null;
  /** Files differed from the commit. */
  readonly dirty: boolean | null;
  /** Whose rules were applied; null when the report is not about this cutover. */
  readonly phase: number | null;
  readonly checkedAt: string;
  readonly sourceSha256: string;
  readonly files: number;
  /** Paths that the guard was given, and those it was to leave out; null in reports that do not say. */
  readonly scope: { readonly paths: readonly string[]; readonly excluded: readonly string[] } | null;
}

/**
 * Reads a report that `runback guard --record <file>` wrote.
 *
 * @throws `GUARD_REPORT_INVALID`
 */
export function guardVerdict(cutover: ColumnCutover, report: unknown): GuardVerdict {
  const refuse = (why: string) =>
    new RunbackError("GUARD_REPORT_INVALID", `This is no report of the guard: ${why}.`, {
      recovery: "Nothing was recorded. Write one with `runback guard <paths> --record <file>`.",
    });
  const given = report as Record<string, unknown> | null;
  if (given === null || typeof given !== "object") throw refuse("it is no object");
  const { passed, checkedAt, sourceSha256, files, cutovers } = given;
  const revision = given.revision as { commit?: unknown; dirty?: unknown } | null | undefined;
  if (typeof passed !== "boolean") throw refuse("passed is no boolean");
  if (typeof checkedAt !== "string" || Number.isNaN(Date.parse(checkedAt))) throw refuse("checkedAt is no instant");
  if (typeof sourceSha256 !== "string" || !/^[0-9a-f]{64}$/.test(sourceSha256))
    throw refuse("sourceSha256 is no SHA-256");
  if (typeof files !== "number" || !Number.isSafeInteger(files)) throw refuse("files is no count");
  if (revision === null || typeof revision !== "object") throw refuse("revision is no object");
  const { commit = null, dirty = null } = revision;
  if (commit !== null && (typeof commit !== "string" || !/^[0-9a-f]{7,64}$/.test(commit)))
    throw refuse("the revision's commit is no hash");
  if (dirty !== null && typeof dirty !== "boolean") throw refuse("the revision's dirty is no boolean");
  if (!Array.isArray(cutovers)) throw refuse("cutovers is no list");
  const about = (cutovers as readonly { name?: unknown; table?: unknown; column?: unknown; phase?: unknown }[]).find(
    (each) => each?.name === cutover.name && each.table === cutover.table.name && each.column === cutover.legacy,
  );
  return {
    ...{ passed, commit, dirty, checkedAt, sourceSha256, files },
    scope: scopeOf(given.scope),
    phase: typeof about?.phase === "number" ? about.phase : null,
  };
}

function scopeOf(given: unknown): GuardVerdict["scope"] {
  const { paths, excluded } = (given ?? {}) as { paths?: unknown; excluded?: unknown };
  const texts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((each) => typeof each === "string");
  return texts(paths) && texts(excluded) ? { paths: paths.slice(0, 100), excluded: excluded.slice(0, 100) } : null;
}

/** Why a verdict does not open a gate; null when it does. @param revision the commit that is meant, or the start of it */
export function verdictProblem(verdict: GuardVerdict, revision: string | undefined): string | null {
  if (verdict.phase === null) return "the guard's report is not about this cutover";
  if (verdict.phase < 4) return `the guard applied the rules of phase ${verdict.phase}`;
  if (verdict.files === 0) return "the guard read no file";
  if (!verdict.passed) return "the guard found writes of the legacy column";
  if (verdict.commit === null) return "the guard's report names no commit";
  if (verdict.dirty !== false) return "files differed from the commit";
  if (revision !== undefined && (revision.length < 7 || !verdict.commit.startsWith(revision)))
    return `the guard passed on ${verdict.commit.slice(0, 12)}, not on ${revision.slice(0, 40)}`;
  return null;
}
