import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const files = {
  members: {
    path: "members/wa-members-export.csv",
    header: "Contact ID,First name,Last name,Email,Phone,Member since,Membership level",
  },
  events: {
    path: "events/wa-events-export.csv",
    header: "Event ID,Event name,Description,Tags,Location,Start date,End date,Registration limit",
  },
  registrations: {
    path: "events/wa-registrations-export.csv",
    header: "Registration ID,Contact ID,Event ID,Registration status,Registration date,Cancellation date",
  },
} as const;

export type Entity = keyof typeof files;

/** An export in a few lines of CSV, without headers. An entity that is not named has a header and no rows. */
export async function writeExport(
  folder: string,
  rows: Readonly<Partial<Record<Entity, readonly string[]>>>,
): Promise<string> {
  for (const [entity, { path, header }] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, [header, ...(rows[entity as Entity] ?? []), ""].join("\n"));
  }
  return folder;
}

/** Where an export keeps a file. */
export function pathOf(folder: string, entity: Entity): string {
  return join(folder, files[entity].path);
}
