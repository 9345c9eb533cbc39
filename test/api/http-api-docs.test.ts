import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { query } from "./support/digests.ts";
import { adminToken, openSite } from "./support/site.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/http-api.md", import.meta.url)), "utf8");
const run = promisify(execFile);

interface Example {
  readonly script: string;
  /** The answer that the page shows below the command. */
  readonly shown: unknown;
}

function examples(): Example[] {
  const blocks = [...page.matchAll(/^```(sh|json)\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language,
    text: text!,
  }));
  return blocks.flatMap(({ language, text }, at) => {
    if (language !== "sh") return [];
    const next = blocks[at + 1];
    return [{ script: text, shown: next?.language === "json" ? (JSON.parse(next.text) as unknown) : undefined }];
  });
}

/** The same members, of the same kinds; ids, times and counts differ from run to run. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
  return value === null ? null : typeof value;
}

// The examples are for people who have curl; a machine without it can serve the API all the same.
it.skipIf(spawnSync("curl", ["--version"]).error)(
  "every command of docs/http-api.md works, and answers as the page shows",
  async () => {
    await using site = await openSite();
    const all = examples();
    expect(all.length).toBeGreaterThan(10);
    const mark = "----- end of example -----";
    const script = all.map((example) => `${example.script}\necho\necho '${mark}'`).join("\n");
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], {
      cwd: site.home,
      env: { PATH: process.env.PATH, RUNBACK_URL: site.url, RUNBACK_ADMIN_TOKEN: adminToken },
    });
    const printed = stdout.split(mark);
    expect(printed).toHaveLength(all.length + 1);
    all.forEach(({ shown }, at) => {
      if (shown !== undefined) expect(shape(JSON.parse(printed[at]!))).toEqual(shape(shown));
    });
    const runs = await query(site.databaseUrl, "SELECT kind, state, operator FROM runback.runs ORDER BY num");
    expect(runs.map(({ kind, state, operator }) => `${kind} ${state} by ${operator}`)).toEqual([
      "import completed by maria",
      "import completed by maria",
      "rollback completed by maria",
      "rollback completed by maria",
      "snapshot completed by maria",
    ]);
  },
);

it("names every route of the OpenAPI document that changes something", async () => {
  await using site = await openSite();
  const { body } = await site.send(null, "GET", "/v1/openapi.json");
  const paths = body.paths as Record<string, Record<string, unknown>>;
  const changing = Object.entries(paths).filter(([, item]) => "post" in item || "delete" in item);
  const named = page.replace(/\$(RUN|BACK|DRY)\b/g, "{id}");
  expect(changing.map(([path]) => path).filter((path) => !named.includes(path))).toEqual([]);
});
