import { createHash, timingSafeEqual } from "node:crypto";
import { RunbackError } from "@runback/core";
import { findToken } from "@runback/operations";
import type { Runtime } from "@runback/runtime";
import { looksLikeJwt, oidcVerifier } from "./oidc-verifier.ts";
import type { Authenticate } from "./principal.ts";

/** Longer than any token of an issuer; what is longer is not worth hashing. */
const maxTokenChars = 8_192;
/** A word is guessed in a day; this many random characters are not. */
const minAdminChars = 16;

/**
 * Tokens of the target, the administrator's from the environment, and the issuer's when one is configured.
 *
 * @throws `ADMIN_TOKEN_WEAK`
 */
export function createAuthenticate(runtime: Runtime, adminToken: string | undefined): Authenticate {
  if (adminToken !== undefined && adminToken.length < minAdminChars) {
    throw new RunbackError("ADMIN_TOKEN_WEAK", `RUNBACK_ADMIN_TOKEN has fewer than ${minAdminChars} characters.`, {
      recovery: "Set it to a long random text, such as the output of `openssl rand -base64 32`.",
    });
  }
  const admin = adminToken === undefined ? undefined : digest(adminToken);
  const { oidc } = runtime.config;
  const verifyJwt = oidc === undefined ? undefined : oidcVerifier(oidc, runtime.context.clock);
  return async (secret) => {
    if (secret === "" || secret.length > maxTokenChars) return undefined;
    if (admin !== undefined && timingSafeEqual(digest(secret), admin))
      return { id: "admin", name: "admin", role: "admin" };
    if (verifyJwt !== undefined && looksLikeJwt(secret)) return await verifyJwt(secret);
    const token = findToken(await runtime.tokens(), secret);
    return token && { id: token.id, name: token.name, role: token.role };
  };
}

/** Equal lengths, so that the comparison takes the same time whatever was sent. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
