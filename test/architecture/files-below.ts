import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Files of a folder and its folders, without installed and generated ones. */
export function filesBelow(folder: string, wanted: (file: string) => boolean): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ["node_modules", ".sst", ".runback"].includes(entry.name) ? [] : filesBelow(path, wanted);
    return wanted(path) ? [path] : [];
  });
}
