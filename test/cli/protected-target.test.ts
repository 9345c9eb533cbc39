import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSampleExport } from "@runback/membership";
import { expect, it } from "vitest";
import { createDatabase } from "../support/database.ts";
import { jsonOf } from "./cli-result.ts";
import { writeConfig } from "./config-file.ts";
import { spawnCli } from "./spawn-cli.ts";

interface Answer {
  readonly planDigest: string;
  readonly entities: { readonly members: { readonly created: number } };
  readonly error: { readonly code: string };
}

it("a protected target takes a plan that was seen, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runback-protected-"));
  await using database = await createDatabase();
  try {
    await writeSampleExport(join(folder, "export"), { members: 20, events: 5, registrations: 30 });
    const config = await writeConfig(folder, {
      targets: { production: { urlFrom: "PRODUCTION_URL", protected: true } },
    });
    const production = async (...args: string[]) => {
      const result = await spawnCli(["import", "--target", "production", "--config", config, "--json", ...args], {
        env: { PRODUCTION_URL: database.url },
      });
      return { status: result.status, answer: jsonOf<Answer>(result) };
    };
    expect(await production()).toMatchObject({ status: 2, answer: { error: { code: "PLAN_REQUIRED" } } });
    const dry = await production("--dry-run");
    expect(dry.status).toBe(0);
    const live = await production("--plan", dry.answer.planDigest);
    expect(live).toMatchObject({ status: 0, answer: { entities: { members: { created: 20 } } } });
    // The target has changed by it: the same plan is not the same any more.
    expect(await production("--plan", dry.answer.planDigest)).toMatchObject({
      status: 1,
      answer: { error: { code: "PLAN_CHANGED" } },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
