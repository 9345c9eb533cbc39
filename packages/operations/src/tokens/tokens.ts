import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { type Role, RunbackError, type StoredToken, type TableRef } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";

export interface MintedToken {
  readonly id: string;
  /** Shown once; the target keeps only its SHA-256. */
  readonly secret: string;
}

export interface TokenRequest {
  /** Whose it is: recorded as the operator of what it does. */
  readonly name: string;
  readonly role: Role;
  /** Who makes it. */
  readonly operator: string;
}

/** 256 bits of randomness: a fast hash is enough, there is nothing to guess. */
export async function mintToken(
  { engine }: Pick<Context, "engine">,
  { name, role, operator }: TokenRequest,
  auditTable: TableRef,
): Promise<MintedToken> {
  const secret = `rb_${randomBytes(32).toString("base64url")}`;
  const id = `tok-${randomUUID()}`;
  await engine.transaction(async (tx) => {
    await engine.store.createToken(tx, { id, name, role, sha256: tokenSha256(secret) });
    await appendAudit(tx, engine.dialect, auditTable, "token:created", { token: id, name, role, operator });
  });
  return { id, secret };
}

/** It is refused from the next request on. @throws `TOKEN_NOT_FOUND` */
export async function revokeToken(
  { engine }: Pick<Context, "engine">,
  { id, operator }: { readonly id: string; readonly operator: string },
  auditTable: TableRef,
): Promise<void> {
  await engine.transaction(async (tx) => {
    if (!(await engine.store.revokeToken(tx, id))) {
      throw new RunbackError("TOKEN_NOT_FOUND", "There is no token of this id on this target.", {
        recovery: "Check the id, and that it belongs to this target.",
        status: 404,
      });
    }
    await appendAudit(tx, engine.dialect, auditTable, "token:revoked", { token: id, operator });
  });
}

/** Who a bearer token belongs to. Every stored hash is compared, in constant time, whether or not one matched before. */
export function findToken(tokens: readonly StoredToken[], secret: string): StoredToken | undefined {
  const given = Buffer.from(tokenSha256(secret), "hex");
  let found: StoredToken | undefined;
  for (const token of tokens) {
    const known = Buffer.from(token.sha256, "hex");
    if (known.length === given.length && timingSafeEqual(known, given) && token.revokedAt === null) found = token;
  }
  return found;
}

export function tokenSha256(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
