import { isoDate, slashDate } from "./calendar.ts";
import { exportDay, type SampleSize, stream } from "./export-options.ts";
import { type HouseholdPlace, householdPlace } from "./households.ts";
import { levelAt } from "./levels.ts";
import { Random } from "./random.ts";
import { shuffle } from "./shuffle.ts";
import { contactId } from "./source-ids.ts";

export const memberColumns = [
  "Contact ID",
  "First name",
  "Last name",
  "Email",
  "Phone",
  "Member since",
  "Membership level",
] as const;

/** Domains reserved for documentation: no address of the sample can reach anyone. */
const domains = [
  "example.org",
  "example.com",
  "example.net",
  "mail.example.org",
  "home.example.net",
  "post.example.com",
];
const tags = ["club", "events", "news", "family"];

const capitalized = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/**
 * An address that no other member has, in any letter case: the digits at the end of its name part are `unique`, and no
 * name carries digits. The tag comes after them.
 */
function emailAddress(random: Random, { first, last }: HouseholdPlace, unique: number): string {
  const lastWord = last.text.startsWith("O'") && random.permille(400) ? `o'${last.ascii.slice(1)}` : last.ascii;
  const styles = [
    [first.ascii, ".", lastWord],
    [first.ascii.slice(0, 1), "", lastWord],
    [first.ascii, "_", lastWord],
    [lastWord, ".", first.ascii],
    [first.ascii, "", ""],
  ] as const;
  const [head, separator, tail] = random.pick(styles);
  const words = random.permille(80) ? capitalized(head) + separator + capitalized(tail) : head + separator + tail;
  const local = random.permille(15) ? words.toUpperCase() : words;
  const tag = random.permille(60) ? `+${random.pick(tags)}` : "";
  const domain = random.pick(domains);
  return `${local}${unique}${tag}@${random.permille(30) ? capitalized(domain) : domain}`;
}

function memberSince(random: Random, level: string, joined: readonly [number, number]): string {
  if (random.permille(level === "Prospect" ? 800 : 40)) return "";
  const [from, to] = joined;
  const day = exportDay - from - random.below(to - from + 1);
  const form = random.below(10);
  if (form < 7) return slashDate(day);
  return form < 9 ? isoDate(day) : `${isoDate(day)}T12:00:00Z`;
}

/** The records of the members file, in order of contact id. */
export function* memberRows({ seed, members }: SampleSize): Generator<string[]> {
  const order = new Random(seed, stream.memberOrder, 0);
  const levelPosition = shuffle(order, members);
  const emailNumber = shuffle(order, members);
  for (let index = 0; index < members; index++) {
    const random = new Random(seed, stream.member, index);
    const place = householdPlace(seed, index);
    const { level, joined } = levelAt(levelPosition(index), members);
    const email = emailAddress(random, place, emailNumber(index) + 1);
    const western = place.group.script === "Latin" && place.householdSize === 1;
    const first =
      western && random.permille(20)
        ? `${place.first.text} "${random.pick(["Bo", "Kit", "Sunny"])}"`
        : place.first.text;
    const last =
      western && random.permille(12) ? `${place.last.text}, ${random.pick(["Jr.", "Sr.", "III"])}` : place.last.text;
    const since = memberSince(random, level, joined);
    yield [contactId(seed, index), first, last, email, place.phone, since, level];
  }
}
