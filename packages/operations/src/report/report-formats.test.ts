import { expect, test } from "vitest";
import { reportFormats } from "./report-formats.ts";
import { failedReport, passedReport, reportSaying } from "./sample-reports.ts";

test("the names are those that --format takes", () => {
  expect(Object.keys(reportFormats)).toEqual(["markdown", "json", "html", "junit"]);
});

test.each(Object.entries(reportFormats))(
  "%s reports are text that ends with a line break, and equal input gives equal text",
  (_, format) => {
    for (const report of [passedReport, failedReport, reportSaying("")]) {
      const written = format.render(report);
      expect(written).toMatch(/\S\n$/);
      expect(written).not.toContain("[object");
      expect(format.render(structuredClone(report))).toBe(written);
    }
  },
);
