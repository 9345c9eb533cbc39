import { RunbackError } from "@runback/core";

interface Range {
  readonly type: string;
  readonly q: number;
}

/**
 * The offered media type a client likes best: the one that the most specific range of its `Accept` header gives the highest
 * weight; of equal ones the first offered. Without a header, the first offered.
 *
 * @throws `NOT_ACCEPTABLE` (406)
 */
export function negotiate(accept: string | undefined, offered: readonly string[]): string {
  if (accept === undefined || accept.trim() === "") return offered[0]!;
  const ranges = accept.split(",").map(parseRange);
  let best: Range = { type: "", q: 0 };
  for (const type of offered) {
    const q = weight(type, ranges);
    if (q > best.q) best = { type, q };
  }
  if (best.q > 0) return best.type;
  throw new RunbackError("NOT_ACCEPTABLE", "None of the media types that the client accepts is available.", {
    recovery: `Accept one of ${offered.join(", ")}.`,
    status: 406,
  });
}

function parseRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  const value = q === undefined ? 1 : Number(q.slice(2));
  return { type, q: value >= 0 && value <= 1 ? value : 0 };
}

function weight(type: string, ranges: readonly Range[]): number {
  for (const pattern of [type, `${type.split("/")[0]}/*`, "*/*"]) {
    const found = ranges.find((range) => range.type === pattern);
    if (found) return found.q;
  }
  return 0;
}
