import { expect, test } from "vitest";
import { locationOf, parseAddress } from "./address.ts";

const cluster = "arn:aws:rds:eu-west-1:123456789012:cluster:shop";
const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf";

test("cluster, secret and database, with the region of the cluster", () => {
  const address = parseAddress(`data-api://${cluster}?secret=${secret}&database=shop`);
  expect(address).toEqual({ cluster, secret, database: "shop", region: "eu-west-1" });
  expect(locationOf(address)).toBe(`data-api://${cluster}?database=shop`);
});

test("an endpoint and a region of one's own, escaped or not", () => {
  const url = `data-api://${encodeURIComponent(cluster)}?secret=${encodeURIComponent(secret)}&database=a%20b&region=eu-west-2&endpoint=http://127.0.0.1:9`;
  expect(parseAddress(url)).toEqual({
    cluster,
    secret,
    database: "a b",
    region: "eu-west-2",
    endpoint: "http://127.0.0.1:9",
  });
});

test.each([
  "data-api://",
  "data-api://shop",
  `data-api://${cluster}`,
  `data-api://${cluster}?secret=${secret}`,
  `data-api://${cluster}?database=shop`,
  `data-api://${cluster}?secret=hunter2&database=shop`,
  `data-api://${cluster}?secret=${secret}&database=shop&endpoint=nowhere`,
  `data-api://${cluster}?secret=${secret}&database=shop&sslmode=require`,
])("%s is refused, and what it names as secret is not repeated", (url) => {
  expect(() => parseAddress(url)).toThrow(expect.objectContaining({ code: "TARGET_URL_INVALID" }));
  expect(() => parseAddress(url)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("hunter2") }));
});
