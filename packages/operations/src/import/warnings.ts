import type { EntityCounts, ImportWarning } from "@runback/core";

/** What an operator wants to be told before signing: an export that is suspiciously small, refused or unmapped. */
export function importWarnings(
  entities: Readonly<Record<string, EntityCounts>>,
  notes: Readonly<Record<string, Readonly<Record<string, number>>>>,
): ImportWarning[] {
  const warnings: ImportWarning[] = [];
  const warn = (code: string, level: ImportWarning["level"], message: string) =>
    warnings.push({ code, level, message });
  const { members, events, registrations } = entities;
  if (members?.parsed === 0) warn("no-members", "high", "The source has no members.");
  else if (members && members.parsed < 100)
    warn("few-members", "high", `The source has only ${members.parsed} members.`);
  if (events && events.parsed < 10) warn("few-events", "medium", `The source has only ${events.parsed} events.`);
  if (
    registrations &&
    registrations.parsed > 0 &&
    registrations.created + registrations.updated + registrations.unchanged === 0
  ) {
    warn("no-registrations-written", "high", "Registrations were read, but none can be written.");
  }
  for (const [name, counts] of Object.entries(entities)) {
    const refused = counts.quarantined + counts.conflicts;
    if (counts.parsed > 0 && refused / counts.parsed > 0.9) {
      warn("mostly-refused", "high", `${refused} of ${counts.parsed} ${name} are refused.`);
    }
  }
  for (const [kind, values] of Object.entries(notes)) {
    for (const [value, count] of Object.entries(values))
      warn(kind, "medium", `${kind.replaceAll("-", " ")} "${value}": ${count} row(s).`);
  }
  return warnings;
}
