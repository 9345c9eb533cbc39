import { describe, expect, it } from "vitest";
import { readSettings } from "../../infra/settings.ts";

describe("readSettings", () => {
  it("takes the database that exists unless told otherwise", () => {
    expect(readSettings("production", {})).toEqual({
      production: true,
      database: "external",
      network: undefined,
      alarmEmail: undefined,
    });
    expect(readSettings("production", { RUNBACK_DATABASE: "" }).database).toBe("external");
  });

  it("calls only the stage of that name production", () => {
    expect(readSettings("production", {}).production).toBe(true);
    expect(readSettings("Production", {}).production).toBe(false);
  });

  it("reads the network of a private database, with spaces and a trailing comma", () => {
    const environment = { RUNBACK_SUBNETS: "subnet-1, subnet-2,", RUNBACK_SECURITY_GROUPS: "sg-1" };
    const network = { privateSubnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"] };
    expect(readSettings("dev", environment).network).toEqual(network);
  });

  it.each([
    [{ RUNBACK_DATABASE: "Aurora" }, /RUNBACK_DATABASE is "Aurora": set it to external or aurora/],
    [{ RUNBACK_SUBNETS: "subnet-1" }, /RUNBACK_SECURITY_GROUPS/],
    [{ RUNBACK_SECURITY_GROUPS: "sg-1" }, /RUNBACK_SUBNETS/],
    [{ RUNBACK_DATABASE: "aurora", RUNBACK_SUBNETS: "a", RUNBACK_SECURITY_GROUPS: "b" }, /external database/],
  ])("refuses %j before anything is deployed", (environment, message) => {
    expect(() => readSettings("dev", environment)).toThrow(message);
  });
});
