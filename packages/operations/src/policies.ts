import { type PolicyDeclaration, RunbackError } from "@runback/core";

export type Policies = Readonly<Record<string, unknown>>;

/**
 * The values in force: those given, over the defaults. Unknown keys and invalid values are refused, all of them at once.
 * @throws `POLICY_INVALID`
 */
export function effectivePolicies(declared: readonly PolicyDeclaration[], given: Policies): Policies {
  const problems = Object.keys(given)
    .filter((key) => !declared.some((policy) => policy.key === key))
    .map((key) => `${key} is no known policy`);
  const values: Record<string, unknown> = {};
  for (const policy of declared) {
    const value = Object.hasOwn(given, policy.key) ? given[policy.key] : policy.default;
    if (value === undefined) {
      if (policy.required) problems.push(`${policy.key} is required`);
      continue;
    }
    const problem = policy.validate(value);
    if (problem !== null) problems.push(`${policy.key} ${problem}`);
    values[policy.key] = value;
  }
  if (problems.length === 0) return values;
  throw new RunbackError("POLICY_INVALID", `The policies are not valid: ${problems.join("; ")}.`, {
    recovery: "Nothing was written. Correct the policies in runback.config.ts.",
  });
}

/** `policy-bundle.json`, in the shape of the tool that wrote such bundles before. */
export function policyBundle(declared: readonly PolicyDeclaration[], given: Policies, generatedAt: string): unknown {
  const values = effectivePolicies(declared, given);
  return {
    version: "1.0",
    generatedAt,
    organizationName: values["display.organizationName"],
    policies: declared
      .filter((policy) => Object.hasOwn(values, policy.key))
      .map((policy) => ({
        key: policy.key,
        value: values[policy.key],
        source: Object.hasOwn(given, policy.key) ? "manual" : "default",
        description: policy.description,
        required: policy.required,
      })),
    validation: { valid: true, errors: [], warnings: [] },
    metadata: {},
  };
}
