import { type DoctorCheck, fail, pass, warn } from "../finding.ts";

/** A lease lasts a minute by the server's clock. */
const failMs = 60_000;
const warnMs = 5_000;

export const clockDifference: DoctorCheck = {
  id: "clock",
  needsTarget: true,
  run: async ({ engine, clock }) => {
    const before = clock.now().getTime();
    const server = await engine.diagnosis.now(engine);
    const after = clock.now().getTime();
    // Somewhere between question and answer: only what lies outside both is a difference.
    const ms = Math.round(server < before ? server - before : server > after ? server - after : 0);
    const said = `the server's clock is ${Math.abs(ms)} ms ${ms < 0 ? "behind" : "ahead"}`;
    const remedy = "Let both machines set their clocks by NTP: leases, retention and signed requests go by them.";
    if (Math.abs(ms) >= failMs) return fail(said, remedy);
    return Math.abs(ms) >= warnMs ? warn(said, remedy) : pass(ms === 0 ? "no difference between the clocks" : said);
  },
};
