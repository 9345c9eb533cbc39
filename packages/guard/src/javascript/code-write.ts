import type { Columns } from "./columns-of.ts";
import type { Node } from "./parse-module.ts";

/** A write to the watched table in code. */
export interface CodeWrite {
  /** Where it is. */
  readonly node: Node;
  readonly columns: Columns;
  readonly how: string;
}
