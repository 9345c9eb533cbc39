import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openSite, type Site } from "./support/site.ts";

let site: Site;
let idp: Server;
let issuer: string;
let keys: { publicKey: CryptoKey; privateKey: CryptoKey };
let reachable = true;
const audience = "runback-test";

/** A real issuer on a port of its own: discovery document and keys. */
beforeAll(async () => {
  keys = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256", use: "sig" };
  idp = createServer((request, response) => {
    response.statusCode = reachable ? 200 : 503;
    response.setHeader("content-type", "application/json");
    response.end(
      request.url === "/.well-known/openid-configuration"
        ? JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` })
        : JSON.stringify({ keys: [jwk] }),
    );
  });
  await new Promise<void>((ready) => idp.listen(0, "127.0.0.1", ready));
  issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
  site = await openSite({ oidc: { issuer, audience }, serve: { limits: { failedAuthentications: 1_000 } } });
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  idp.close();
});

const seconds = () => Math.floor(Date.now() / 1000);

function claims(over: Record<string, unknown> = {}) {
  return { iss: issuer, aud: audience, sub: "person-7", exp: seconds() + 300, runback_role: "operator", ...over };
}

async function signed(payload: Record<string, unknown>, key: CryptoKey = keys.privateKey, alg = "ES256") {
  return await new SignJWT(payload).setProtectedHeader({ alg, kid: "k1" }).sign(key);
}

const use = (token: string, role: "GET" | "POST" = "GET") =>
  site.send(null, role, "/v1/runs", role === "POST" ? {} : undefined, { authorization: `Bearer ${token}` });

it("an issuer that cannot be reached makes a 503, not a wrong token, and is asked again", async () => {
  reachable = false;
  const answer = await use(await signed(claims()));
  expect([answer.status, answer.body.code]).toEqual([503, "OIDC_UNREACHABLE"]);
  reachable = true;
  expect((await use(await signed(claims()))).status).toBe(200);
});

it("takes the issuer's tokens with the role of their claim, and records the subject as operator", async () => {
  expect((await use(await signed(claims({ runback_role: "viewer" })))).status).toBe(200);
  expect((await use(await signed(claims({ runback_role: "viewer" })), "POST")).status).toBe(403);
  const authorization = `Bearer ${await signed(claims())}`;
  const started = await site.send(null, "POST", "/v1/runs", { dryRun: true }, { authorization });
  expect([started.status, started.body.operator]).toEqual([202, "person-7"]);
});

it.each<[string, () => Promise<string>]>([
  ["expired", () => signed(claims({ exp: seconds() - 3_600 }))],
  ["not valid yet", () => signed(claims({ nbf: seconds() + 3_600 }))],
  ["without expiry", () => signed({ iss: issuer, aud: audience, sub: "p", runback_role: "admin" })],
  ["of another issuer", () => signed(claims({ iss: "https://evil.example" }))],
  ["for another audience", () => signed(claims({ aud: "another" }))],
  ["without a role", () => signed(claims({ runback_role: undefined }))],
  ["with an unknown role", () => signed(claims({ runback_role: "root" }))],
  ["with a list of roles", () => signed(claims({ runback_role: ["admin"] }))],
  ["with a line break in its name", () => signed(claims({ sub: "a\nb" }))],
  ["signed with another key", async () => signed(claims(), (await generateKeyPair("ES256")).privateKey)],
  [
    "with a changed payload",
    async () => {
      const [head, , signature] = (await signed(claims())).split(".");
      return `${head}.${encode(claims({ runback_role: "admin" }))}.${signature}`;
    },
  ],
  ["with algorithm none", async () => `${encode({ alg: "none" })}.${encode(claims({ runback_role: "admin" }))}.`],
  [
    "signed by HMAC with the public key as its secret",
    async () => {
      const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
      return await new SignJWT(claims({ runback_role: "admin" }))
        .setProtectedHeader({ alg: "HS256", kid: "k1" })
        .sign(secret);
    },
  ],
  [
    "that brings its own key along",
    async () => {
      const own = await generateKeyPair("ES256", { extractable: true });
      const jwk = await exportJWK(own.publicKey);
      return await new SignJWT(claims({ runback_role: "admin" }))
        .setProtectedHeader({ alg: "ES256", jwk })
        .sign(own.privateKey);
    },
  ],
])("refuses a token %s", async (_name, make) => {
  const answer = await use(await make());
  expect([answer.status, answer.body.code]).toEqual([401, "TOKEN_INVALID"]);
});

it("Runback's own tokens keep working beside the issuer", async () => {
  expect((await site.send("viewer", "GET", "/v1/runs")).status).toBe(200);
});

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
