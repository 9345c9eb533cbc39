import type { Answer, Site } from "./site.ts";

interface Operation {
  readonly security?: readonly { readonly bearer?: readonly string[] }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

export interface Documented {
  readonly method: string;
  readonly path: string;
  /** Null for a route that takes no token. */
  readonly role: "viewer" | "operator" | "approver" | "admin" | null;
  readonly operation: Operation;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export async function openApi(site: Site): Promise<OpenApi> {
  return (await site.send(null, "GET", "/v1/openapi.json")).body as unknown as OpenApi;
}

export function operations(document: OpenApi): Documented[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      role: (operation.security?.[0]?.bearer?.[0] ?? null) as Documented["role"],
      operation,
    })),
  );
}

/** A path with ids that have the right form and are nobody's. */
export function exampleOf(path: string): string {
  const uuid = "0b1f8a52-3c1e-4a52-9d0e-6c2f7b1d9e55";
  return path
    .replace("/verifications/{id}", `/verifications/ver-${uuid}`)
    .replace("/approvals/{id}", `/approvals/apr-${uuid}`)
    .replace("/tokens/{id}", `/tokens/tok-${uuid}`)
    .replace("/snapshots/{id}", "/snapshots/snap-20260115-143000-4f2a91")
    .replace("{id}", "run-20260115-143000-000000")
    .replace("{event}", "1")
    .replace("{runId}", "run-20260115-143000-000000")
    .replace("{file}", "SHA256SUMS");
}

/** What keeps the answer from being one that the document describes; empty when nothing does. */
export function mismatch(document: OpenApi, { path, method, operation }: Documented, answer: Answer): string[] {
  const response = operation.responses[String(answer.status)];
  if (response === undefined) return [`${method} ${path} does not document ${answer.status}`];
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!;
  const content = response.content?.[type] as { schema?: object } | undefined;
  if (content === undefined) return [`${method} ${path} ${answer.status} does not document ${type}`];
  if (!type.includes("json")) return [];
  return violations(answer.body, content.schema ?? {}, document, `${method} ${path} ${answer.status}`);
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
}

/** The part of JSON Schema that the document uses. A member that no schema names is a violation too: nothing leaks by accident. */
export function violations(value: unknown, schema: Schema, document: OpenApi, at: string): string[] {
  if (schema.$ref) return violations(value, referred(schema.$ref, document), document, at);
  if (schema.allOf) {
    const merged = schema.allOf.map((part) => (part.$ref ? referred(part.$ref, document) : part));
    const properties = Object.assign({}, ...merged.map((part) => part.properties ?? {}), schema.properties ?? {});
    const required = [...merged.flatMap((part) => part.required ?? []), ...(schema.required ?? [])];
    return violations(value, { type: "object", properties, required }, document, at);
  }
  if (schema.anyOf) {
    const tried = schema.anyOf.map((part) => violations(value, part, document, at));
    return tried.some((each) => each.length === 0) ? [] : tried.flat();
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not of the enum`];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOf(value, type))) return [`${at}: is no ${types.join(" or ")}`];
  if (schema.pattern && typeof value === "string" && !new RegExp(schema.pattern).test(value))
    return [`${at}: does not match ${schema.pattern}`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => violations(item, schema.items ?? {}, document, `${at}[${index}]`));
  if (value === null || typeof value !== "object" || types.length === 0) return [];
  const members = value as Record<string, unknown>;
  const missing = (schema.required ?? [])
    .filter((name) => !(name in members))
    .map((name) => `${at}.${name}: is missing`);
  return [
    ...missing,
    ...Object.entries(members).flatMap(([name, member]) => {
      const known = schema.properties?.[name] ?? schema.additionalProperties;
      if (known === undefined || known === false) return [`${at}.${name}: is not documented`];
      return known === true ? [] : violations(member, known, document, `${at}.${name}`);
    }),
  ];
}

function referred(reference: string, document: OpenApi): Schema {
  const found = document.components.schemas[reference.split("/").at(-1)!];
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  return found as Schema;
}

function isOf(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return value !== null && typeof value === "object" && !Array.isArray(value);
  return typeof value === type;
}
