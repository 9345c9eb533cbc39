import { type Column, type ColumnCutover, type CutoverDialect, fold } from "@runback/core";

/**
 * SQL of what the legacy column gets for a row's code: the code itself, and where the column's type does not hold that (an
 * enumeration of MySQL, a short text, a number), the first spelling of it that does.
 */
export function legacyWords(cutover: ColumnCutover, dialect: CutoverDialect, legacy: Pick<Column, "type">): string {
  const column = dialect.id(cutover.column);
  const others = cutover.codes.flatMap(({ code, spellings }) => {
    const word = [code, ...spellings].find((each) => holds(legacy, each)) ?? code;
    return word === code ? [] : [`WHEN ${dialect.literal(code)} THEN ${dialect.literal(word)}`];
  });
  return others.length === 0 ? column : `CASE ${column} ${others.join(" ")} ELSE ${column} END`;
}

/** Whether a type says that it holds a text; one that does not say takes everything. */
function holds({ type }: Pick<Column, "type">, text: string): boolean {
  const length = /^(?:n?varchar|n?char|character|character varying)\s*\((\d+)\)/i.exec(type);
  if (length !== null) return text.length <= Number(length[1]);
  const values = /^enum\s*\((.*)\)/is.exec(type);
  if (values !== null)
    return [...values[1]!.matchAll(/'((?:[^']|'')*)'/g)].some(
      ([, value]) => fold(value!.replaceAll("''", "'")) === fold(text),
    );
  if (/^(?:tiny|small|medium|big)?int|^integer|^(?:numeric|decimal)/i.test(type)) return /^-?\d+$/.test(text);
  return true;
}
