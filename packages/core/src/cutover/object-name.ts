import { sha256 } from "../canonical.ts";

/** PostgreSQL cuts names after 63 bytes without a word, MySQL refuses them after 64; endings are added to this one. */
const longest = 48;

/** The name of an object of a cutover: as it is, or shortened with a digest that keeps it unique. */
export function objectName(name: string): string {
  return Buffer.byteLength(name) <= longest ? name : `${[...name].slice(0, 20).join("")}_${sha256(name).slice(0, 12)}`;
}
