import { existsSync } from "node:fs";
import { join } from "node:path";

/** The sample Wild Apricot export, generated once: 2,147 members, 523 events, 8,603 registrations. */
export async function sampleExport(folder: string): Promise<string> {
  const sample = join(folder, "sample");
  const files = ["members/wa-members-export.csv", "events/wa-events-export.csv", "events/wa-registrations-export.csv"];
  if (!files.every((file) => existsSync(join(sample, file)))) {
    const { writeSampleExport } = await import("@runback/membership");
    await writeSampleExport(sample);
  }
  return sample;
}
