import { canonicalJson, type PolicyComparison } from "@runback/core";
import { z } from "zod";
import { readJson } from "../bundle-report.ts";
import type { Check, CheckContext } from "../check-context.ts";

const shape = z.looseObject({
  policies: z.array(z.looseObject({ key: z.string(), value: z.unknown(), source: z.string() })),
});

/** The policies of the bundle against those the target was last run with: by content, whatever the order of keys. */
export async function comparePolicies({
  engine,
  tx,
  declaration,
  bundle,
}: CheckContext): Promise<PolicyComparison[] | undefined> {
  const raw = await readJson(bundle, "policy-bundle.json");
  if (raw === undefined) return undefined;
  const actual = await engine.store.policies(tx, declaration.name);
  const { policies } = shape.parse(raw);
  const compared = policies
    .filter((policy) => policy.source !== "template")
    .map(({ key, value }) => {
      const there = Object.hasOwn(actual, key);
      return {
        key,
        expected: value,
        actual: there ? actual[key] : undefined,
        matches: there && canonicalJson(actual[key]) === canonicalJson(value),
      };
    });
  const extra = Object.keys(actual)
    .filter((key) => !policies.some((policy) => policy.key === key))
    .map((key) => ({ key, expected: undefined, actual: actual[key], matches: false }));
  return [...compared, ...extra];
}

export const policySnapshot: Check = {
  id: "policy-snapshot",
  name: "Policy Snapshot",
  category: "policies",
  run: async (context) => {
    const compared = await comparePolicies(context);
    if (compared === undefined)
      return { outcome: "PASS", expected: null, actual: null, message: "The bundle carries no policies" };
    const different = compared.filter((policy) => !policy.matches).map((policy) => policy.key);
    return different.length === 0
      ? {
          outcome: "PASS",
          expected: compared.length,
          actual: compared.length,
          message: `All ${compared.length} policies match`,
        }
      : {
          outcome: "FAIL",
          expected: compared.length,
          actual: compared.length - different.length,
          message: `Policies differ: ${different.join(", ")}`,
        };
  },
};
