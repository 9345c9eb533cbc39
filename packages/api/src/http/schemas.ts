import { z } from "@hono/zod-openapi";
import { problemSchema } from "./problem.ts";

/** Text that PostgreSQL can hold and a terminal can show: no control characters, no broken surrogates. */
export function cleanText(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), "must not hold control characters");
}

export const runId = z
  .string()
  .regex(/^run-[0-9A-Za-z-]{1,60}$/, "must be a run id")
  .openapi({ example: "run-20260115-143000-4f2a91" });

export const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hex")
  .openapi({ example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" });

export const count = z.int().min(0);

export const instant = z.string().openapi({ format: "date-time", example: "2026-01-15T14:30:00.000Z" });

/** Id of a thing the API made: `ver-…`, `apr-…`, `tok-…`. */
export function madeId(prefix: string) {
  return z
    .string()
    .regex(new RegExp(`^${prefix}-[0-9a-f-]{36}$`), `must be an id of the form ${prefix}-…`)
    .openapi({ example: `${prefix}-0b1f8a52-3c1e-4a52-9d0e-6c2f7b1d9e55` });
}

/** Page of a list: how many, and where the last page ended. */
export const pageQuery = (cursor: z.ZodType<string>) =>
  z.strictObject({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .default(20)
      .openapi({ type: "integer", minimum: 1, maximum: 100, description: "Entries a page, 1 to 100; 20 unless said." }),
    cursor: cursor.optional().openapi({ description: "`next` of the page before." }),
  });

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

export const jsonRequest = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { "application/json": { schema } },
});

/** The refusals that routes have in common, for the OpenAPI document. */
export function problems(...statuses: readonly (keyof typeof refusals)[]) {
  const problem = (description: string) => ({
    description,
    content: { "application/problem+json": { schema: problemSchema } },
  });
  return Object.fromEntries(
    [...new Set<keyof typeof refusals>([401, 403, 429, 500, 503, ...statuses])].map((status) => [
      status,
      problem(refusals[status]),
    ]),
  ) as Record<never, never>;
}

const refusals = {
  400: "The request is not valid; `details.fields` names what.",
  401: "No token, or one that is unknown, expired or revoked.",
  403: "The token's role does not include this, or a second person must approve it.",
  404: "There is no such thing.",
  406: "None of the accepted media types is available.",
  409: "The state of the target, or an Idempotency-Key, does not allow it. Nothing was written.",
  413: "The body is too large.",
  415: "The body is not declared as JSON.",
  422: "The bundle cannot be verified, or what is reported contradicts itself.",
  429: "Too many failed authentications.",
  500: "Unexpected; the log line with the request id says why.",
  503: "A dependency does not answer.",
} as const;

/** On writes. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .openapi({ description: "Same key and body: the stored answer again. Same key and another body: 409." }),
});
