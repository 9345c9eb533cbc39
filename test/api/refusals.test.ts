import { symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tableDigests } from "./support/digests.ts";
import { importSample, openSite, type Site } from "./support/site.ts";

let site: Site;
let imported: string;
let before: Record<string, string>;
beforeAll(async () => {
  site = await openSite({ serve: { requestTimeoutMs: 1500 } });
  imported = await importSample(site);
  symlinkSync("/etc", join(site.home, "exports", "link"));
  before = await tableDigests(site.databaseUrl);
});
afterAll(() => site[Symbol.asyncDispose]());

/** After each test, whatever it sent: nothing was written. */
afterEach(async () => expect(await tableDigests(site.databaseUrl)).toEqual(before));

/** Sends it, and proves that the refusal has the form of all refusals. */
async function refused(...request: Parameters<Site["send"]>) {
  const answer = await site.send(...request);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toMatchObject({ status: answer.status, type: `urn:runback:error:${answer.body.code}` });
  expect(answer.body.requestId).toBe(answer.headers.get("x-request-id"));
  return [answer.status, answer.body.code] as const;
}

const digest = "a".repeat(64);
const nobodys = "run-20260115-143000-000000";
const sql = [
  `'; DROP TABLE "Member"; --`,
  `x' OR '1'='1`,
  `"; DELETE FROM runback.runs; --`,
  "$(id)",
  "%00",
  "1); SELECT pg_sleep(9",
];

describe("SQL in every string field", () => {
  const fields: [string, "POST" | "GET" | "DELETE", string, Record<string, unknown> | undefined, string | null][] = [
    ["migration", "POST", "/v1/runs", { dryRun: false }, "migration"],
    ["source", "POST", "/v1/runs", { dryRun: false }, "source"],
    ["plan", "POST", "/v1/runs", { dryRun: false }, "plan"],
    ["bundle", "POST", "/v1/verifications", {}, "bundle"],
    ["runId", "POST", "/v1/rollbacks", { planDigest: digest }, "runId"],
    ["planDigest", "POST", "/v1/rollbacks", { runId: nobodys }, "planDigest"],
    ["onConflict", "POST", "/v1/rollbacks", { runId: nobodys, planDigest: digest }, "onConflict"],
    ["approval", "POST", "/v1/rollbacks", { runId: nobodys, planDigest: digest }, "approval"],
    ["approval digest", "POST", "/v1/approvals", { action: "rollback", requestedBy: "a" }, "digest"],
    ["token role", "POST", "/v1/tokens", { name: "a" }, "role"],
    ["run in a path", "GET", "/v1/runs/:x", undefined, null],
    ["events of a run", "GET", "/v1/runs/:x/events", undefined, null],
    ["plan of a run", "POST", "/v1/runs/:x/rollback-plan", undefined, null],
    ["verification", "GET", "/v1/verifications/:x", undefined, null],
    ["approval", "GET", "/v1/approvals/:x", undefined, null],
    ["bundle", "GET", "/v1/bundles/:x", undefined, null],
    ["bundle of a file", "GET", "/v1/bundles/:x/SHA256SUMS", undefined, null],
    ["token", "DELETE", "/v1/tokens/:x", undefined, null],
    ["cursor", "GET", "/v1/runs?cursor=:x", undefined, null],
    ["limit", "GET", "/v1/runs?limit=:x", undefined, null],
  ];
  it.each(fields)("%s of %s %s", async (_name, method, path, body, field) => {
    for (const attack of sql) {
      const [status, code] = await refused(
        "admin",
        method,
        path.replace(":x", encodeURIComponent(attack)),
        body && { ...body, [field!]: attack },
      );
      expect([attack, code, [400, 404].includes(status)]).toEqual([attack, code, true]);
      expect(code).not.toBe("UNEXPECTED");
    }
  });

  it("is kept as text where any text is allowed", async () => {
    await using other = await openSite();
    for (const attack of sql) {
      const token = await other.send("admin", "POST", "/v1/tokens", { name: attack, role: "viewer" });
      expect([token.status, token.body.name]).toEqual([201, attack]);
      const approval = await other.send("approver", "POST", "/v1/approvals", {
        digest,
        action: attack,
        requestedBy: attack,
      });
      expect([approval.status, approval.body.action]).toEqual([201, attack]);
    }
    const { tokens } = (await other.send("admin", "GET", "/v1/tokens")).body as { tokens: { name: string }[] };
    expect(tokens.map(({ name }) => name)).toEqual(expect.arrayContaining(sql));
  });
});

describe("path tricks", () => {
  it.each([
    "../../etc",
    "/etc",
    "..",
    "link",
    "later/../../sample",
    "later/",
    "./later",
    "exports\\later",
    "file:///etc",
    "later\u0000",
    "\ud800",
  ])("source %j", async (source) => {
    const [status, code] = await refused("operator", "POST", "/v1/runs", { dryRun: false, source });
    expect([status, ["SOURCE_REFUSED", "REQUEST_INVALID", "JSON_INVALID"].includes(code as string)]).toEqual([
      400,
      true,
    ]);
  });

  it("a source that is not there is not found", async () => {
    expect(await refused("operator", "POST", "/v1/runs", { dryRun: true, source: "never" })).toEqual([
      404,
      "SOURCE_NOT_FOUND",
    ]);
  });

  it.each(["../../../etc/passwd", "/etc/passwd", "bundles/run-1", "file:///etc/passwd", ".", "run-1/../run-2"])(
    "bundle %j",
    async (bundle) => {
      expect(await refused("operator", "POST", "/v1/verifications", { bundle })).toEqual([400, "REQUEST_INVALID"]);
    },
  );

  it.each([
    "..%2fstarted.json",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fx",
    "a%00b",
    "row-digests%2f..%2f..%2fx",
    "%5c..%5cx",
    ".%2fSHA256SUMS",
  ])("file %s of a bundle", async (file) => {
    const [status, code] = await refused("viewer", "GET", `/v1/bundles/${imported}/${file}`);
    expect([400, 404]).toContain(status);
    expect([
      "VAULT_KEY_INVALID",
      "VAULT_NOT_FOUND",
      "BUNDLE_NOT_FOUND",
      "REQUEST_INVALID",
      "ROUTE_NOT_FOUND",
    ]).toContain(code);
  });

  it("a bundle that the vault does not have", async () => {
    expect(await refused("viewer", "GET", `/v1/bundles/${nobodys}`)).toEqual([404, "BUNDLE_NOT_FOUND"]);
    expect(await refused("viewer", "GET", `/v1/bundles/${imported}/none.json`)).toEqual([404, "VAULT_NOT_FOUND"]);
  });
});

describe("bodies", () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    refused("operator", "POST", "/v1/runs", body, headers);

  it("larger than 1 MiB are refused by their length, and by their content where no length is given", async () => {
    expect(await post(JSON.stringify({ dryRun: true, source: "x".repeat(1024 * 1024) }))).toEqual([
      413,
      "BODY_TOO_LARGE",
    ]);
    const chunked = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 40; part++) controller.enqueue(new TextEncoder().encode(" ".repeat(32 * 1024)));
        controller.close();
      },
    });
    const response = await fetch(`${site.url}/v1/runs`, {
      method: "POST",
      body: chunked,
      duplex: "half",
      headers: { authorization: `Bearer ${site.tokens.operator}`, "content-type": "application/json" },
    });
    expect(response.status).toBe(413);
  });

  it.each([
    ["text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
    ["application/json; charset=latin1", 415],
    ["multipart/form-data; boundary=x", 415],
    ["application/jsonp", 415],
  ])("of type %s are a %d", async (type, status) => {
    expect(await post('{"dryRun":true}', { "content-type": type })).toEqual([status, "CONTENT_TYPE_UNSUPPORTED"]);
  });

  it.each([
    ["cut short", '{"dryRun":'],
    ["nested 33 levels deep", `${"[".repeat(33)}${"]".repeat(33)}`],
    ["a million brackets", "[".repeat(1_000_000)],
    ["no JSON", "dryRun=true"],
  ])("%s are no usable JSON", async (_name, body) => {
    expect(await post(body)).toEqual([400, "JSON_INVALID"]);
  });

  it("that are not UTF-8 are no usable JSON", async () => {
    const response = await fetch(`${site.url}/v1/runs`, {
      method: "POST",
      body: Buffer.from('{"dryRun":true,"source":"caf\xe9"}', "latin1"),
      headers: { authorization: `Bearer ${site.tokens.operator}`, "content-type": "application/json" },
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, "JSON_INVALID"]);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "body.dryRun"],
    ["null", "null", "body"],
    ["a list", [], "body"],
    ["a wrong type", { dryRun: "yes" }, "body.dryRun"],
    ["an unknown member", { dryRun: true, operator: "somebody else" }, "body"],
    ["a prototype", '{"dryRun":true,"__proto__":{"x":1}}', "body"],
    ["an empty text", { dryRun: true, source: "" }, "body.source"],
    ["a control character", { dryRun: true, source: "a\u0007" }, "body.source"],
    ["half a character", { dryRun: true, source: "\ud800" }, "body.source"],
    ["a short digest", { dryRun: true, plan: "abc" }, "body.plan"],
  ])("with %s name the field that is wrong", async (_name, body, field) => {
    const answer = await site.send("operator", "POST", "/v1/runs", body);
    expect([answer.status, answer.body.code]).toEqual([400, "REQUEST_INVALID"]);
    const { fields } = answer.body.details as { fields: { field: string; message: string }[] };
    expect(fields.map((each) => each.field)).toContain(field);
    expect(answer.text).not.toContain("somebody else");
  });
});

describe("addresses and methods", () => {
  it("that do not exist are problems", async () => {
    expect(await refused("viewer", "GET", "/v1/nothing")).toEqual([404, "ROUTE_NOT_FOUND"]);
    expect(await refused(null, "GET", "/nothing")).toEqual([404, "ROUTE_NOT_FOUND"]);
    expect(await refused("viewer", "GET", "/v1/runs/")).toEqual([404, "ROUTE_NOT_FOUND"]);
  });

  it.each(["PUT", "PATCH", "DELETE", "OPTIONS"])("%s on the runs names what it takes", async (method) => {
    const answer = await site.send("admin", method, "/v1/runs");
    expect([answer.status, answer.body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(["GET", "HEAD", "POST"]);
  });

  it("no other origin may read an answer", async () => {
    const answer = await site.send("viewer", "GET", "/v1/runs", undefined, { origin: "https://evil.example" });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("every answer carries the headers that keep browsers from running or keeping it", async () => {
    for (const path of ["/v1/health", "/v1/runs", "/v1/nothing"]) {
      const { headers } = await site.send("viewer", "GET", path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      });
      expect(headers.get("x-powered-by")).toBeNull();
    }
  });
});

it("a client that sends its request slowly is cut off", async () => {
  const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
  socket.write("POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
  const received: Buffer[] = [];
  for await (const part of socket) received.push(part as Buffer);
  expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 (408|401) /);
});

it("neither tokens nor what was sent in bodies and queries is in the log", async () => {
  await site.send("viewer", "GET", "/v1/runs?access_token=query-secret");
  await site.send("operator", "POST", "/v1/runs", { dryRun: true, source: "body-secret" });
  await site.send(null, "GET", "/v1/runs", undefined, { authorization: "Bearer header-secret" });
  await site.send(null, "GET", "/v1/path-secret");
  const log = site.log();
  for (const secret of [...Object.values(site.tokens), "query-secret", "body-secret", "header-secret", "path-secret"])
    expect(log).not.toContain(secret);
  const lines = log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.filter(({ op }) => op === "api.request").at(-1)).toMatchObject({
    level: "info",
    target: "default",
    method: "GET",
    route: "/v1/*",
    status: 401,
    principal: null,
    request_id: expect.any(String),
    duration_ms: expect.any(Number),
  });
  expect(lines.find(({ op, run_id }) => op === "api.request" && run_id === imported)).toBeDefined();
});
