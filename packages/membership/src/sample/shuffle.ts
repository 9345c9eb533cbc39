import type { Random } from "./random.ts";

function greatestCommonDivisor(a: number, b: number): number {
  let [left, right] = [a, b];
  while (right !== 0) [left, right] = [right, left % right];
  return left;
}

/** A step that visits every residue of `size` once: any integer without a common divisor. */
export function coprimeStep(random: Random, size: number): number {
  if (size <= 2) return 1;
  let step = 1 + random.below(size - 1);
  while (greatestCommonDivisor(step, size) !== 1) step = (step % (size - 1)) + 1;
  return step;
}

/**
 * A permutation of 0 … `size` - 1 in constant memory: distinct inputs give distinct outputs, which is what keeps
 * e-mail addresses unique and (member, event) pairs apart without a set of everything written so far.
 *
 * A Feistel network over the next even power of two, walked until the output falls below `size`: at most four steps on
 * average, since less than three quarters of that power lie outside.
 */
export function shuffle(random: Random, size: number): (position: number) => number {
  let halfBits = 1;
  while (4 ** halfBits < size) halfBits++;
  const half = 2 ** halfBits;
  const keys = Array.from({ length: 6 }, () => random.next());
  const permute = (value: number): number => {
    let left = Math.floor(value / half);
    let right = value % half;
    for (const key of keys) {
      // Both multiplications are needed: with one, neighbouring positions stay neighbours and whole families share a level.
      const once = Math.imul(right ^ key, 0x85ebca6b);
      const twice = Math.imul(once ^ (once >>> 15), 0xc2b2ae35);
      [left, right] = [right, left ^ ((twice >>> 16) & (half - 1))];
    }
    return left * half + right;
  };
  return (position) => {
    let value = permute(position);
    while (value >= size) value = permute(value);
    return value;
  };
}
