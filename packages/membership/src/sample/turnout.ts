import { type SampleSize, stream } from "./export-options.ts";
import { Random } from "./random.ts";

/** Small groups are common, full halls are rare. */
const popularity = [2, 3, 4, 5, 6, 6, 8, 8, 10, 12, 14, 16, 20, 25, 40, 80] as const;

function* weights({ seed, events }: SampleSize): Generator<number> {
  for (let index = 0; index < events; index++) yield new Random(seed, stream.turnout, index).pick(popularity);
}

/**
 * How many registrations each event has: together exactly `registrations`, none more than there are members. Two passes
 * over the weights instead of a table of them keep memory flat.
 */
export function* turnouts(size: SampleSize): Generator<number> {
  let openWeight = 0;
  for (const weight of weights(size)) openWeight += weight;
  let open = size.registrations;
  let eventsLeft = size.events;
  for (const weight of weights(size)) {
    eventsLeft--;
    const share = Math.floor((open * weight) / openWeight);
    // What later events cannot hold has to go here.
    const turnout = Math.min(size.members, Math.max(share, open - eventsLeft * size.members));
    yield turnout;
    open -= turnout;
    openWeight -= weight;
  }
}
