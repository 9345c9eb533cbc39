import { createHmac, timingSafeEqual } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * What a client and the supervisor say to each other over a loopback connection, one JSON object a line:
 * the client sends `Hello`, the supervisor answers `Welcome` and later one `Answer`. The open connection is the client's
 * claim on the server; ending it, or dying, gives the claim up. The secret itself never travels: another program that
 * got the port after a supervisor died learns nothing, and cannot pass for one.
 */
export interface Hello {
  readonly nonce: string;
  readonly mac: string;
}

export interface Welcome {
  readonly mac: string;
}

export interface Failure {
  readonly state: "failed";
  readonly code: string;
  readonly message: string;
  readonly recovery: string;
}

export type Answer = { readonly state: "ready" } | Failure;

/** Where the supervisor of a directory listens, in `supervisor.json`. */
export interface Contact {
  readonly pid: number;
  readonly port: number;
  readonly secret: string;
}

export function contactPath(directory: string): string {
  return join(directory, "supervisor.json");
}

/** Exit status of a supervisor that found another one in charge. */
export const NOT_NEEDED = 75;

/** Which directory this is, whatever its path: a copied clone holds the contact of the original's supervisor. */
export function identity(directory: string): string {
  const { dev, ino } = statSync(directory);
  return `${dev}:${ino}`;
}

export function macOf(secret: string, side: "client" | "supervisor", nonce: string, directory: string): string {
  return createHmac("sha256", secret).update(`${side} ${nonce} ${directory}`).digest("hex");
}

/** Compares in constant time; anything that is no string differs. */
export function sameMac(expected: string, given: unknown): boolean {
  return (
    typeof given === "string" &&
    given.length === expected.length &&
    timingSafeEqual(Buffer.from(expected), Buffer.from(given))
  );
}

/** A line as an object; `undefined` when it is not one, as from a program that speaks something else. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
