import { expect, it } from "vitest";
import { negotiate } from "./negotiate.ts";

const offered = ["application/json", "text/markdown", "text/html"];

it.each([
  [undefined, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["text/html", "text/html"],
  ["TEXT/HTML;level=1", "text/html"],
  ["text/*", "text/markdown"],
  ["text/*, text/markdown;q=0.1", "text/html"],
  ["application/json;q=0, */*", "text/markdown"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
  ["image/png, text/markdown;q=0.2", "text/markdown"],
])("%s gets %s", (accept, type) => {
  expect(negotiate(accept, offered)).toBe(type);
});

it.each(["image/png", "text/html;q=0", "application/json;q=two", "nonsense"])("%s gets nothing", (accept) => {
  expect(() => negotiate(accept, offered)).toThrow(expect.objectContaining({ code: "NOT_ACCEPTABLE", status: 406 }));
});
