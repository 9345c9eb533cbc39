import { RunbackError } from "@runback/core";
import type { BundleSource } from "@runback/vault";
import { z } from "zod";

const count = z.number().int().min(0);

const entity = z
  .looseObject({
    parsed: count,
    created: count,
    updated: count,
    skipped: count,
    errors: count,
    records: z.union([z.array(z.unknown()), z.string(), z.number()]).optional(),
    before: count.optional(),
    after: count.optional(),
  })
  .refine((each) => each.created + each.updated + each.skipped + each.errors === each.parsed, {
    message: "created + updated + skipped + errors is not parsed",
  });

const mapping = z.looseObject({ waId: z.string().min(1), murmurantId: z.string().min(1) });

const reportShape = z.looseObject({
  runId: z.string().min(1),
  startedAt: z.iso.datetime({ offset: true }),
  completedAt: z.iso.datetime({ offset: true }).optional(),
  dryRun: z.boolean(),
  errors: z.array(z.unknown()).optional(),
  idMapping: z.record(z.string(), z.array(mapping)).optional(),
});

export type EntityReport = z.infer<typeof entity>;

/** What a verification needs of `migration-report.json`, whichever tool wrote it. */
export interface BundleReport {
  readonly runId: string;
  readonly dryRun: boolean;
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly entities: Readonly<Record<string, EntityReport>>;
}

const maxReportBytes = 128 * 1024 * 1024;

/** Reads and checks the report. @throws `BUNDLE_INVALID` with every rule it breaks, `BUNDLE_DRY_RUN` */
export async function readBundleReport(bundle: BundleSource, entities: readonly string[]): Promise<BundleReport> {
  const raw = await readJson(bundle, "migration-report.json", maxReportBytes);
  if (raw === undefined) throw invalid("migration-report.json is missing");
  const parsed = reportShape.safeParse(raw);
  if (!parsed.success) throw invalid(problems(parsed.error));
  const report = parsed.data;
  if (report.completedAt !== undefined && Date.parse(report.completedAt) < Date.parse(report.startedAt)) {
    throw invalid("completedAt is before startedAt");
  }
  const reports: Record<string, EntityReport> = {};
  for (const name of entities) {
    const each = entity.safeParse((raw as Record<string, unknown>)[name]);
    if (!each.success) throw invalid(`${name}: ${problems(each.error)}`);
    reports[name] = each.data;
    assertMapping(name, each.data, report.idMapping?.[name] ?? []);
  }
  if (report.dryRun) {
    throw new RunbackError(
      "BUNDLE_DRY_RUN",
      `The bundle of ${report.runId} is of a dry run: there is nothing to verify.`,
      {
        recovery: "Give the bundle of a live run.",
      },
    );
  }
  return {
    runId: report.runId,
    dryRun: false,
    startedAt: report.startedAt,
    completedAt: report.completedAt ?? null,
    entities: reports,
  };
}

/** A mapping without a record behind it, or one id mapped twice, was not written by a run that went well. */
function assertMapping(name: string, report: EntityReport, mappings: readonly z.infer<typeof mapping>[]): void {
  const accepted = report.created + report.updated + report.skipped;
  if (mappings.length > accepted) throw invalid(`${name}: ${mappings.length} mappings for ${accepted} records`);
  if (new Set(mappings.map((each) => each.waId)).size < mappings.length)
    throw invalid(`${name}: a source id is mapped twice`);
  if (new Set(mappings.map((each) => each.murmurantId)).size < mappings.length)
    throw invalid(`${name}: two source ids are mapped to one row`);
}

/** A JSON file of the bundle, or undefined when it is not there. @throws `BUNDLE_INVALID` when it is not JSON */
export async function readJson(bundle: BundleSource, name: string, maxBytes = 16 * 1024 * 1024): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await bundle.read(name, maxBytes);
  } catch (error) {
    if (error instanceof RunbackError && error.code === "VAULT_NOT_FOUND") return undefined;
    throw error;
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw invalid(`${name} is not JSON`, cause);
  }
}

function problems(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => [issue.path.join("."), issue.message].filter((part) => part !== "").join(": "))
    .join("; ");
}

function invalid(why: string, cause?: unknown): RunbackError {
  return new RunbackError("BUNDLE_INVALID", `The bundle cannot be verified: ${why}.`, {
    recovery:
      "Nothing was checked. Get the bundle from the vault again (`runback runs show <run-id>` tells where it is).",
    status: 422,
    cause,
  });
}
