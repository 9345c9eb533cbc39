import { expect, test } from "vitest";
import { derivedId } from "./derived-id.ts";

test("the same ids as PostgreSQL derives", () => {
  // From PostgreSQL's own dialect.
  expect(derivedId("membership|Member|", "1000042")).toBe("0000000f-426a-8e02-a1da-3de81457f998");
  expect(derivedId("x|", "AB-7")).toBe("01f831b4-683b-89c0-ad51-e64105e35cf5");
});
