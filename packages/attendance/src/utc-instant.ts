/**
 * An instant as a database writes it, `2026-03-29 00:30:00.500`: in UTC unless it says its offset (`+02`, `+05:30`, `Z`), to
 * the millisecond. `undefined` for what is none, such as MySQL's zero date.
 */
export function utcInstant(text: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, day, minute, second = "00", fraction = "", zone = "Z"] = match;
  const offset = /^z$/i.test(zone) ? "Z" : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const at = new Date(`${day}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${offset}`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The same instant as every database reads it, whether or not the column knows of time zones: `2026-03-29 00:30:00.500`. */
export function utcText(at: Date): string {
  return at.toISOString().replace("T", " ").replace("Z", "");
}
