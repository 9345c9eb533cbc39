import { beforeAll, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  const network = { RUNBACK_SUBNETS: "subnet-a,subnet-b", RUNBACK_SECURITY_GROUPS: "sg-1" };
  stack = await deploy("production", { ...secrets, ...network });
});

it("puts every function into the network it was given", () => {
  const functions = [...stack.all("aws:lambda/function:Function").values()];
  expect(functions).toHaveLength(9);
  for (const { vpcConfig } of functions) {
    expect(vpcConfig).toEqual({ subnetIds: ["subnet-a", "subnet-b"], securityGroupIds: ["sg-1"] });
  }
});

it("creates neither a network nor a database", () => {
  const kinds = stack.resources.map(({ type }) => type);
  expect(kinds.filter((type) => type.startsWith("aws:ec2/") || type.startsWith("aws:rds/"))).toEqual([]);
});

it("hands over the URL as it was set", () => {
  expect(stack.one("sst:sst:LinkRef", "DatabaseUrlLinkRef").properties).toEqual({
    value: secrets.SST_SECRET_DatabaseUrl,
  });
});
