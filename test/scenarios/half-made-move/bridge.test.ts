import { advanceCutover, retreatCutover, showCutover } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { families } from "../../cutover/support.ts";
import { goneBeforeTheRecord } from "./gone.ts";
import { inPhase3 } from "./in-phase-3.ts";

/**
 * The bridge went as the first of the statements that lead into phase 4. Where each commits by itself, a process that died
 * before the phase was on record left flags of phase 3 with nobody to write the legacy column: what was written meanwhile was
 * missing in it, the gate was closed for good, and taking the phase back did not bring it up to date.
 */
describe.each(families)("an advance to phase 4 that was cut short, with a bridge, on %s", (name) => {
  it("leaves the bridge on until the flags say that nobody needs it, and is made again", async () => {
    await using site = await inPhase3(name);
    const { context, cutover, about } = site;
    await expect(advanceCutover(goneBeforeTheRecord(context), cutover, about)).rejects.toThrow("killed");
    expect(await showCutover(context, cutover)).toMatchObject({ phase: 3, moving: "advance:4" });
    await site.write(1, "dna");
    expect(await site.rows()).toEqual([
      [1, "dna", "dna"],
      [2, "Reg", "preregistered"],
    ]);
    expect(await advanceCutover(context, cutover, about)).toMatchObject({ moved: true, to: { phase: 4 } });
    // Gone now: nobody writes the legacy column any more.
    await site.write(2, "walkin");
    expect((await site.rows())[1]).toEqual([2, "Reg", "walkin"]);
  });

  it("is taken back with both columns in step", async () => {
    await using site = await inPhase3(name);
    const { context, cutover, about } = site;
    await expect(advanceCutover(goneBeforeTheRecord(context), cutover, about)).rejects.toThrow("killed");
    await site.write(1, "dna");
    expect(await retreatCutover(context, cutover, about)).toMatchObject({ moved: true, to: { phase: 3 } });
    await site.write(2, "walkin");
    expect(await site.rows()).toEqual([
      [1, "dna", "dna"],
      [2, "walkin", "walkin"],
    ]);
  });
});
