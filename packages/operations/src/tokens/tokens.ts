import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { Role, StoredToken } from "@runback/core";
import type { Context } from "../context.ts";

export interface MintedToken {
  readonly id: string;
  /** Shown once; the target keeps only its SHA-256. */
  readonly secret: string;
}

/** 256 bits of randomness: a fast hash is enough, there is nothing to guess. */
export async function mintToken({ engine }: Pick<Context, "engine">, name: string, role: Role): Promise<MintedToken> {
  const secret = `rb_${randomBytes(32).toString("base64url")}`;
  const id = `tok-${randomUUID()}`;
  await engine.transaction((tx) => engine.store.createToken(tx, { id, name, role, sha256: tokenSha256(secret) }));
  return { id, secret };
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
