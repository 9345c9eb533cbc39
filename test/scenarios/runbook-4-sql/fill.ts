/** Puts values where a handbook's statement has its placeholders. One that stays is an error: nothing runs half filled. */
export function fill(sql: string, values: Readonly<Record<string, string>>): string {
  const filled = sql.replaceAll(/<([A-Z_]+)>/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for <${name}>`);
    return value;
  });
  return filled;
}
