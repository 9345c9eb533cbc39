import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { main } from "../../packages/cli/program/program.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/cli.md", import.meta.url)), "utf8");

interface Help {
  /** Flags by their long form, as `-b, --bundle <dir>` without what follows. */
  readonly flags: readonly string[];
  readonly commands: readonly string[];
}

async function help(path: readonly string[]): Promise<Help> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    expect(await main([...path, "--help"])).toBe(0);
  } finally {
    write.mockRestore();
  }
  const [options = "", commands = ""] = text.split("Commands:");
  return {
    flags: [...options.matchAll(/^ {2}((?:-\w, )?--[\w-]+(?: [<[][^>\]]+[>\]])?)/gm)].map((match) => match[1]!),
    commands: [...commands.matchAll(/^ {2}([a-z][\w-]*)/gm)]
      .map((match) => match[1]!)
      .filter((name) => name !== "help"),
  };
}

/** Every command that does something: those without commands below them, and those that are both. */
async function paths(path: readonly string[] = []): Promise<string[]> {
  const { commands } = await help(path);
  const below = (await Promise.all(commands.map((name) => paths([...path, name])))).flat();
  const acts = commands.length === 0 || path.join(" ") === "runs";
  return [...(acts ? [path.join(" ")] : []), ...below];
}

/** The sections of the page by command, each with the flags of its options table. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const name = /^`runback ([^`]+)`/.exec(section)?.[1];
      const flags = [...section.matchAll(/^\| `(-[^`]+)` \|/gm)].map((match) => match[1]!);
      return name === undefined ? [] : [[name, flags] as const];
    }),
);
const everywhere = [...page.split(/^## /m)[1]!.matchAll(/^\| `(-[^`]+)` \|/gm)].map((match) => match[1]!);
// Commander adds the flag itself, and writes its two forms together.
const shared = [...everywhere.filter((flag) => flag !== "--help"), "-h, --help"];

test("docs/cli.md has a section for every command, and no other", async () => {
  const commands = await paths();
  expect(commands).toContain("import");
  expect([...sections.keys()].sort()).toEqual(commands.sort());
});

test("docs/cli.md has every option of every command, and no other", async () => {
  const different: string[] = [];
  for (const [command, documented] of sections) {
    const { flags } = await help(command.split(" "));
    const own = flags.filter((flag) => !shared.includes(flag));
    different.push(
      ...own.filter((flag) => !documented.includes(flag)).map((flag) => `${command} ${flag} is not documented`),
      ...documented.filter((flag) => !own.includes(flag)).map((flag) => `${command} ${flag} does not exist`),
    );
  }
  expect(different).toEqual([]);
});

test("options of every command are those of the program itself", async () => {
  const { flags } = await help([]);
  expect([...flags].sort()).toEqual([...shared].sort());
});
