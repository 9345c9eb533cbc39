import type { ColumnCutover, Phase } from "./column-cutover.ts";

/** LaunchDarkly's names for the stages of a six-stage migration, in order. */
export const stages = ["off", "dualwrite", "shadow", "live", "rampdown", "complete"] as const;

export type Stage = (typeof stages)[number];

/** The boolean flags of a cutover in a phase. */
export function flagsIn({ flags }: Pick<ColumnCutover, "flags">, phase: Phase): Readonly<Record<string, boolean>> {
  return Object.fromEntries([flags.dualWrite, flags.readPivot].map(({ name, on }) => [name, on.includes(phase)]));
}

/**
 * The stage of a phase. Both columns are read and compared in `shadow` and `live`; without comparison a backfill is still
 * `dualwrite`, and a read pivot already `rampdown`.
 */
export function stageOf(phase: Phase, options: { readonly comparing?: boolean } = {}): Stage {
  const comparing = options.comparing ?? true;
  if (phase === 0) return "off";
  if (phase === 1) return "dualwrite";
  if (phase === 2) return comparing ? "shadow" : "dualwrite";
  if (phase === 3) return comparing ? "live" : "rampdown";
  return "complete";
}

/** Which side a stage writes, in the order of authority, and which it reads. */
export function duties(stage: Stage): {
  readonly write: readonly ("legacy" | "new")[];
  readonly read: "legacy" | "new";
  readonly compare: boolean;
} {
  switch (stage) {
    case "off":
      return { write: ["legacy"], read: "legacy", compare: false };
    case "dualwrite":
      return { write: ["legacy", "new"], read: "legacy", compare: false };
    case "shadow":
      return { write: ["legacy", "new"], read: "legacy", compare: true };
    case "live":
      return { write: ["new", "legacy"], read: "new", compare: true };
    case "rampdown":
      return { write: ["new", "legacy"], read: "new", compare: false };
    case "complete":
      return { write: ["new"], read: "new", compare: false };
  }
}
