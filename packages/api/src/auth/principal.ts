import type { Role } from "@runback/core";

/** Who asks. */
export interface Principal {
  /** Of the token, for logs: `tok-…`, `admin`, or `oidc`. */
  readonly id: string;
  /** Recorded as operator and approver. Equal names are one person: nobody approves for themselves with a second token. */
  readonly name: string;
  readonly role: Role;
}

/** Each role includes the ones before it. */
export const roles: readonly Role[] = ["viewer", "operator", "approver", "admin"];

export function includesRole(has: Role, needed: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(needed);
}

/** Finds out whom a bearer token belongs to; `undefined` for an unknown, revoked, expired or forged one. */
export type Authenticate = (secret: string) => Promise<Principal | undefined>;
