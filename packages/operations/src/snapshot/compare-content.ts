import { createHash } from "node:crypto";
import { qualifiedName, type SnapshotMoment } from "@runback/core";
import type { SnapshotManifest } from "@runback/vault";

/** Reads every table back and names those whose rows are not what was captured. */
export async function compareContent(moment: SnapshotMoment, manifest: SnapshotManifest): Promise<string[]> {
  const different: string[] = [];
  for (const table of moment.schema.tables) {
    const wanted = manifest.tables.find((each) => each.schema === table.schema && each.name === table.name);
    const { rows, value } = await moment.read(table, async (chunks) => {
      const hash = createHash("sha256");
      for await (const chunk of chunks) hash.update(chunk);
      return hash.digest("hex");
    });
    if (rows !== wanted?.rows || value !== wanted.sha256) different.push(qualifiedName(table));
  }
  return different;
}
