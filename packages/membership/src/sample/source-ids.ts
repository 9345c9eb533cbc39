import { stream } from "./export-options.ts";
import { Random } from "./random.ts";

/**
 * Ids as the source system hands them out: increasing with gaps, 7 or 8 digits. They are computed from the position, so a
 * registration can name any member or event without a table of them in memory.
 */
function increasing(first: number, gap: number): (seed: number, index: number) => string {
  return (seed, index) => String(first + index * gap + new Random(seed, stream.ids * 100 + gap, index).below(gap));
}

export const contactId = increasing(48_210_117, 7);
export const eventId = increasing(3_512_004, 11);
/** Registrations come in order and in millions: their gap is found without a generator of their own. */
export function registrationId(index: number): string {
  return String(21_480_233 + index * 3 + (Math.imul(index, 0x9e3779b1) >>> 31));
}
