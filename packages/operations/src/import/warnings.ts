import type { EntityCounts, ImportDeclaration, ImportWarning } from "@runback/core";

/** What an operator wants to be told before signing: a source that is suspiciously small, refused or unmapped. */
export function importWarnings(
  { entities: declared }: Pick<ImportDeclaration, "entities">,
  entities: Readonly<Record<string, EntityCounts>>,
  notes: Readonly<Record<string, Readonly<Record<string, number>>>>,
): ImportWarning[] {
  const warnings: ImportWarning[] = [];
  const warn = (code: string, level: ImportWarning["level"], message: string) =>
    warnings.push({ code, level, message });
  for (const { name, expectAtLeast } of declared) {
    const { parsed, created, updated, unchanged, quarantined, conflicts } = entities[name]!;
    if (expectAtLeast && parsed === 0) warn(`no-${name}`, expectAtLeast.level, `The source has no ${name}.`);
    else if (expectAtLeast && parsed < expectAtLeast.records)
      warn(`few-${name}`, expectAtLeast.level, `The source has only ${parsed} ${name}.`);
    if (parsed > 0 && created + updated + unchanged === 0)
      warn(`no-${name}-written`, "high", `${parsed} ${name} were read, but none can be written.`);
    else if (parsed > 0 && (quarantined + conflicts) / parsed > 0.9)
      warn("mostly-refused", "high", `${quarantined + conflicts} of ${parsed} ${name} are refused.`);
  }
  for (const [kind, values] of Object.entries(notes)) {
    for (const [value, count] of Object.entries(values))
      warn(kind, "medium", `${kind.replaceAll("-", " ")} "${value}": ${count} row(s).`);
  }
  return warnings;
}
