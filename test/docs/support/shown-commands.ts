/** One command of a page, and what the page says it prints. */
export interface ShownCommand {
  readonly command: string;
  /** Lines as written; a line `...` stands for any number of lines. */
  readonly shown: readonly string[];
  /** Line of the page, for messages. */
  readonly line: number;
  /** `json`: what is shown is a document, of which keys and types have to be right. `file`: it is the content of that file. */
  readonly kind: "console" | "json" | "file";
}

/**
 * The commands of a page in order: in ```console blocks `$ command`, then its output up to the next `$` or the block's end;
 * in ```json blocks with `runback` arguments after the word, the document that those arguments print; in blocks of any other
 * language with a file's name after the word, that file.
 */
export function shownCommands(markdown: string): ShownCommand[] {
  const commands: { command: string; shown: string[]; line: number; kind: ShownCommand["kind"] }[] = [];
  let block: ShownCommand["kind"] | "other" | undefined;
  markdown.split("\n").forEach((text, at) => {
    const fence = /^```(\S*) ?(.*)$/.exec(text);
    if (fence) {
      block = block === undefined ? kindOf(fence[1]!, fence[2]!) : undefined;
      if (block === "file") commands.push({ command: fence[2]!, shown: [], line: at + 1, kind: "file" });
      if (block === "json")
        commands.push({ command: `npx runback ${fence[2]}`, shown: [], line: at + 1, kind: "json" });
    } else if (block === "console" && text.startsWith("$ ")) {
      commands.push({ command: text.slice(2), shown: [], line: at + 1, kind: "console" });
    } else if (block !== undefined && block !== "other") {
      const last = commands.at(-1);
      if (!last) throw new Error(`line ${at + 1}: output before the first command`);
      last.shown.push(text);
    }
  });
  for (const { shown } of commands) while (shown.at(-1) === "") shown.pop();
  return commands;
}

function kindOf(language: string, rest: string): ShownCommand["kind"] | "other" {
  if (language === "console") return "console";
  if (rest === "") return "other";
  return language === "json" ? "json" : "file";
}
