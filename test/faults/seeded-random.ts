/** Numbers that look random and are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const deep = process.env.RUNBACK_DEEP === "1";

/** The seed of this test run: `RUNBACK_SEED`, or another one each time. Tests print it. */
export const seed = Number(process.env.RUNBACK_SEED ?? Math.floor(Math.random() * 2 ** 31));
