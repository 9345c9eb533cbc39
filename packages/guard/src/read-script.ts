import type { RetiredColumn } from "./retired-column.ts";
import { holeName, withoutClauseHoles } from "./sql/holes.ts";
import { isWord, nameOf, type Token } from "./sql/lex.ts";
import { mayWrite, readStatement } from "./sql/read-statement.ts";
import { split } from "./sql/split.ts";
import type { SqlWrite } from "./sql/sql-write.ts";

/** What a script does to the watched table. */
export interface ScriptReading {
  readonly writes: readonly {
    readonly write: SqlWrite;
    readonly statement: readonly Token[];
    readonly open: boolean;
  }[];
  readonly unread: readonly { readonly statement: readonly Token[]; readonly why: string }[];
  readonly rowAssignments: readonly {
    readonly routine: string;
    readonly column: string;
    readonly statement: readonly Token[];
  }[];
  readonly triggers: readonly { readonly table: string; readonly routine: string }[];
}

/** Reads every statement of a script that may write the table; the others are left alone. */
export function readScript(sql: string, retired: RetiredColumn): ScriptReading {
  const reading = {
    writes: [] as ScriptReading["writes"][number][],
    unread: [] as ScriptReading["unread"][number][],
    rowAssignments: [] as ScriptReading["rowAssignments"][number][],
    triggers: [] as ScriptReading["triggers"][number][],
  };
  for (const { tokens } of split(sql)) {
    if (!mayWrite(tokens) || !concerns(tokens, retired)) continue;
    let open = false;
    let statement: readonly Token[] = tokens;
    const isTable = (name: string) => retired.isTable(name) || holeName.test(name);
    let found = readStatement(tokens, isTable);
    if (found === null && tokens.some(({ text }) => holeName.test(text))) {
      const without = withoutClauseHoles(tokens);
      open = without.open;
      statement = without.tokens;
      found = readStatement(statement, isTable);
    }
    if (found === null) {
      reading.unread.push({ statement: tokens, why: "none of the parsers takes it" });
      continue;
    }
    for (const write of found.writes)
      if (
        retired.isTable(write.table) ||
        (holeName.test(write.table) && columnsOf(write).some((each) => retired.isLegacy(each)))
      )
        reading.writes.push({ write, statement: tokens, open });
    for (const why of found.unread) reading.unread.push({ statement: tokens, why });
    reading.triggers.push(...found.triggers);
    for (const each of found.rowAssignments) reading.rowAssignments.push({ ...each, statement: tokens });
  }
  return reading;
}

const columnsOf = ({ columns }: SqlWrite): readonly string[] => (columns === "all" ? [] : columns);

/** Does a statement name the table, or set a column of a row it is given? */
function concerns(tokens: readonly Token[], retired: RetiredColumn): boolean {
  // A trigger of any table says whose rows its function sets.
  if (isWord(tokens[0], "CREATE") && tokens.some((token) => isWord(token, "EXECUTE"))) return true;
  return tokens.some((token, at) => {
    const name = nameOf(token);
    if (name !== null && retired.isTable(name)) return true;
    if (name !== null && holeName.test(name)) return true;
    if (token.kind === "line") return retired.names.some((each) => token.text.toLowerCase().includes(each));
    if (token.kind === "string" || token.kind === "dollar") {
      const text = token.text.toLowerCase();
      return (
        retired.names.some((each) => text.includes(each)) ||
        [...retired.legacy].some((each) => new RegExp(`\\bnew\\s*\\.\\s*"?${each}\\b`).test(text))
      );
    }
    return isWord(token, "NEW") && tokens[at + 1]?.text === ".";
  });
}
