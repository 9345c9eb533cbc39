import { type Clock, RunbackError } from "@runback/core";
import type { OidcConfig } from "@runback/runtime";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { type Authenticate, roles } from "./principal.ts";

/** Signatures with a public key only: `none`, and HS* with the public key as secret, are how tokens are forged. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const patienceMs = 5_000;
const clockToleranceSeconds = 30;

export function looksLikeJwt(secret: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(secret);
}

/**
 * Verifies tokens of one OpenID Connect issuer: signature, issuer, audience, expiry, and a role claim that names one of the
 * four roles. The issuer's keys are found through its discovery document, kept, and fetched again when a new one appears.
 *
 * @throws (from the returned function) `OIDC_UNREACHABLE` (503): a token that cannot be checked is not a wrong one
 */
export function oidcVerifier(config: OidcConfig, clock: Clock): Authenticate {
  const { issuer, audience, roleClaim = "runback_role", nameClaim = "sub" } = config;
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const issuerKeys = (): Promise<JWTVerifyGetKey> => {
    keys ??= discoverKeys(issuer).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return async (secret) => {
    try {
      const { payload } = await jwtVerify(secret, await issuerKeys(), {
        issuer,
        audience,
        algorithms,
        requiredClaims: ["exp", "sub"],
        clockTolerance: clockToleranceSeconds,
        currentDate: clock.now(),
      });
      const role = roles.find((each) => each === payload[roleClaim]);
      const name = payload[nameClaim];
      if (role === undefined || typeof name !== "string" || !/^[^\p{Cc}]{1,200}$/u.test(name)) return undefined;
      return { id: "oidc", name, role };
    } catch (error) {
      if (error instanceof RunbackError) throw error;
      if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) throw unreachable(error);
      if (error instanceof errors.JOSEError && error.code !== "ERR_JOSE_GENERIC") return undefined;
      throw unreachable(error);
    }
  };
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  try {
    const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(patienceMs), redirect: "error" });
    if (!answer.ok) throw new Error(`the discovery document answers ${answer.status}`);
    const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== issuer) throw new Error("the discovery document is of another issuer");
    return createRemoteJWKSet(new URL(String(document.jwks_uri)), { timeoutDuration: patienceMs });
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(cause: unknown): RunbackError {
  return new RunbackError("OIDC_UNREACHABLE", "The keys of the token issuer cannot be read.", {
    recovery: "Try again, or use one of Runback's own tokens. Check oidc.issuer in runback.config.ts if it repeats.",
    status: 503,
    cause,
  });
}
