import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a test's configuration says beyond the sample organisation. */
export interface ConfigParts {
  /** Folder of the export, relative to the configuration. */
  readonly source?: string;
  readonly targets?: Readonly<Record<string, { urlFrom: string; protected?: boolean }>>;
}

const attendance = new URL("../../packages/attendance/src/index.ts", import.meta.url).href;
const membership = new URL("../../packages/membership/src/index.ts", import.meta.url).href;

/** Writes a `runback.config.ts` that works outside the clone, and returns its path. */
export async function writeConfig(folder: string, parts: ConfigParts = {}): Promise<string> {
  const file = join(folder, "runback.config.ts");
  await writeFile(
    file,
    `import { attendeeStatus } from ${JSON.stringify(attendance)};
import { sampleTierMapping, wildApricotImport } from ${JSON.stringify(membership)};
export default {
  migrations: [
    {
      declaration: wildApricotImport,
      source: ${JSON.stringify(parts.source ?? "export")},
      policies: {
        "display.organizationName": "Sample Club",
        "scheduling.timezone": "America/Los_Angeles",
        "membership.tiers.waMapping": sampleTierMapping,
      },
    },
  ],
  targets: ${JSON.stringify(parts.targets ?? {})},
  cutovers: [attendeeStatus],
};
`,
  );
  return file;
}
