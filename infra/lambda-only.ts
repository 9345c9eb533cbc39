/**
 * Only Lambda may assume a function's role. The component means the same, but compares an output with a boolean and so
 * always also trusts the account's root, that is, everyone whom the account lets assume roles. `sst dev` needs that.
 */
export function lambdaOnly(role: aws.iam.RoleArgs): undefined {
  if (!$dev) role.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });
}
