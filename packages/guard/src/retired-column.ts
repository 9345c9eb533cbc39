import { type ColumnCutover, retiredName } from "@runback/core";

/** What the guard looks for, from a cutover's definition. All names are folded to snake case in lower case. */
export class RetiredColumn {
  readonly cutover: ColumnCutover;
  /** The legacy column, and what phase 5 renames it to. */
  readonly legacy: ReadonlySet<string>;
  readonly column: string;
  readonly #tables: ReadonlySet<string>;
  readonly #models: ReadonlySet<string>;

  constructor(cutover: ColumnCutover) {
    this.cutover = cutover;
    this.legacy = new Set([snake(cutover.legacy), snake(retiredName(cutover))]);
    this.column = snake(cutover.column);
    const names = [cutover.table.name, ...(cutover.aliases ?? [])];
    this.#tables = new Set(names.map(snake));
    this.#models = new Set(names.map(model));
  }

  /** Is this the table, as SQL names it, with or without schema, quotes and alias? */
  isTable(name: string): boolean {
    const bare = name
      .trim()
      .replace(/\s+(?:as\s+)?\S+$/i, "")
      .split(".")
      .at(-1)!;
    return this.#tables.has(snake(bare.replace(/["`[\]]/g, "")));
  }

  /** Is this what a model, class or variable of the table is called: `EventAttendance`, `eventAttendances`? */
  isModel(name: string): boolean {
    return this.#models.has(model(name));
  }

  isLegacy(column: string): boolean {
    return this.legacy.has(snake(column));
  }

  isColumn(column: string): boolean {
    return snake(column) === this.column;
  }

  /** Names by which a file that touches the table gives itself away. */
  get names(): readonly string[] {
    return [...this.#tables, ...this.#models];
  }
}

export function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/-/g, "_")
    .toLowerCase();
}

/** Without case, separators and plural: `event_attendance`, `EventAttendances` and `eventAttendance` are one. */
export function model(name: string): string {
  return snake(name).replaceAll("_", "").replace(/s$/, "");
}
