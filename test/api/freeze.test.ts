import { afterAll, beforeAll, expect, it } from "vitest";
import { type Documented, mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { type Answer, openSite, type Site } from "./support/site.ts";

let site: Site;
let document: OpenApi;
let documented: Documented[];
beforeAll(async () => {
  site = await openSite();
  document = await openApi(site);
  documented = operations(document);
});
afterAll(() => site[Symbol.asyncDispose]());

async function send(...[who, method, path, body]: Parameters<Site["send"]>): Promise<Answer> {
  const answer = await site.send(who, method, path, body);
  const described = documented.find((each) => each.path === path && each.method === method);
  expect(mismatch(document, described!, answer)).toEqual([]);
  return answer;
}

it("freezes writes, refuses imports meanwhile, and lifts the freeze", async () => {
  expect((await send("viewer", "GET", "/v1/freeze")).body).toMatchObject({ frozen: false });
  const on = await send("operator", "PUT", "/v1/freeze", { reason: "incident 12" });
  expect([on.status, on.body.frozen, on.body.operator, on.body.reason]).toEqual([
    ...[200, true, "operator-token", "incident 12"],
  ]);
  expect((await send("operator", "PUT", "/v1/freeze", { reason: "incident 12" })).body).toEqual(on.body);
  const other = await send("operator", "PUT", "/v1/freeze", { reason: "something else" });
  expect([other.status, other.body.code]).toEqual([409, "FREEZE_ON"]);
  const refused = await send("operator", "POST", "/v1/runs", { dryRun: false });
  expect([refused.status, refused.body.code]).toEqual([409, "TARGET_FROZEN"]);
  expect((await send("operator", "DELETE", "/v1/freeze")).body).toMatchObject({ frozen: false, reason: null });
  expect((await send("operator", "POST", "/v1/runs", { dryRun: false })).status).toBe(202);
});
