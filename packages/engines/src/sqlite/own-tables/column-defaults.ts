/** The time now, of one width in UTC, with what every SQLite can compute. */
export const now = "(strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')";
export const newId =
  "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))";

export const columnDefaults: Readonly<Record<"now" | "new-id", string>> = { now, "new-id": newId };
