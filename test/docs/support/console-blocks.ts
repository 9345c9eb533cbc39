/** One command of a page and what the page says it prints. */
export interface ShownCommand {
  readonly command: string;
  /** Lines as written; a line `...` stands for any number of lines. */
  readonly shown: readonly string[];
  /** Line of the page, for messages. */
  readonly line: number;
}

/** The commands of a page's ```console blocks in order: `$ command`, then its output up to the next `$` or the block's end. */
export function consoleBlocks(markdown: string): ShownCommand[] {
  const commands: { command: string; shown: string[]; line: number }[] = [];
  let inside = false;
  markdown.split("\n").forEach((text, at) => {
    if (text.startsWith("```")) {
      inside = !inside && text.trim() === "```console";
    } else if (inside && text.startsWith("$ ")) {
      commands.push({ command: text.slice(2), shown: [], line: at + 1 });
    } else if (inside) {
      const last = commands.at(-1);
      if (!last) throw new Error(`line ${at + 1}: output before the first command`);
      last.shown.push(text);
    }
  });
  for (const { shown } of commands) while (shown.at(-1) === "") shown.pop();
  return commands;
}
