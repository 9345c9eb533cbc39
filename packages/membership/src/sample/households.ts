import { stream } from "./export-options.ts";
import { type NameGroup, nameGroups, type SpelledName } from "./names.ts";
import { Random } from "./random.ts";

export interface HouseholdPlace {
  readonly group: NameGroup;
  readonly last: SpelledName;
  /** Shared by the household; empty for some. */
  readonly phone: string;
  /** This member's given name: differs from the others' of the household. */
  readonly first: SpelledName;
  readonly householdSize: number;
}

const blockSize = 6;
/** How six consecutive contacts live together; the first two patterns are drawn most. */
const patterns: readonly (readonly number[])[] = [
  [1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 1],
  [2, 1, 1, 1, 1],
  [2, 3, 1],
  [4, 1, 1],
  [2, 2, 2],
];

function nameGroup(random: Random): NameGroup {
  let rank = random.below(100);
  for (const group of nameGroups) {
    if (rank < group.share) return group;
    rank -= group.share;
  }
  throw new RangeError("the shares of the name groups do not add up to 100");
}

const areas = ["805", "415", "213", "310", "626", "503", "206", "212"];

/** Numbers set aside for fiction (555-01xx and its equivalents abroad), as people type them. */
function phoneNumber(random: Random): string {
  const area = random.pick(areas);
  const line = `01${String(random.below(100)).padStart(2, "0")}`;
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return `(${area}) 555-${line}`;
    case 4:
    case 5:
    case 6:
      return `${area}-555-${line}`;
    case 7:
      return `${area}.555.${line}`;
    case 8:
      return `${area}555${line}`;
    case 9:
      return `+1 ${area} 555 ${line}`;
    case 10:
      return `1-${area}-555-${line} ext. ${1 + random.below(40)}`;
    case 11:
      return `+44 20 7946 0${line.slice(1)}`;
    case 12:
      return `+33 1 99 00 ${line.slice(0, 2)} ${line.slice(2)}`;
    default:
      return "";
  }
}

/** The household of the member at `index`, which shares last name and phone, and the member's place in it. */
export function householdPlace(seed: number, index: number): HouseholdPlace {
  const block = Math.floor(index / blockSize);
  const pattern = new Random(seed, stream.household, block).pick(patterns);
  let head = block * blockSize;
  let householdSize = 1;
  for (const size of pattern) {
    householdSize = size;
    if (index < head + size) break;
    head += size;
  }
  const family = new Random(seed, stream.family, head);
  const group = nameGroup(family);
  const last = family.pick(group.last);
  const eldest = family.below(group.first.length);
  const first = group.first[(eldest + index - head) % group.first.length];
  if (first === undefined) throw new RangeError(`no given names for ${group.script}`);
  const phone = family.permille(80) ? "" : phoneNumber(family);
  return { group, last, phone, first, householdSize };
}
