import fc from "fast-check";
import { Marked, type Tokens } from "marked";
import { type DefaultTreeAdapterTypes, parseFragment } from "parse5";
import { describe, expect, test } from "vitest";
import { hostileText } from "./hostile-text.ts";
import { markdownReport } from "./markdown-report.ts";
import { markdownCode, markdownText } from "./markdown-text.ts";
import { printable } from "./printable.ts";
import { failedReport, passedReport, reportSaying } from "./sample-reports.ts";

const reader = new Marked({ gfm: true });

/** Rows of the table under a heading, as a reader of the rendered page sees them. */
function tableUnder(markdown: string, heading: string): string[][] {
  const tokens = reader.lexer(markdown);
  const start = tokens.findIndex((token) => token.type === "heading" && token.text === heading);
  const table = tokens.slice(start).find((token) => token.type === "table") as Tokens.Table;
  return [table.header, ...table.rows].map((row) =>
    row.map((cell) => rendered(reader.Parser.parseInline(cell.tokens))),
  );
}

function headings(markdown: string): string[] {
  return reader.lexer(markdown).flatMap((token) => (token.type === "heading" ? [`${token.depth} ${token.text}`] : []));
}

function rendered(html: string): string {
  const text = (node: DefaultTreeAdapterTypes.Node): string => {
    if ("value" in node) return node.value;
    return "childNodes" in node ? node.childNodes.map(text).join("") : "";
  };
  return text(parseFragment(html));
}

const sections = [
  "1 Post-Migration Verification Report",
  "2 Summary",
  "2 Count Comparison",
  "2 Tier Distribution",
  "2 Verification Checks",
  "2 Policy Verification",
  "2 Escalation",
];

test("a passed report has the sections of the runbook, and nothing under them but their content", () => {
  const markdown = markdownReport(passedReport);
  expect(headings(markdown)).toEqual(sections);
  expect(tableUnder(markdown, "Summary")).toEqual([
    ["Verification", "PASSED"],
    ["Run ID", "run-20240115-143000"],
    ["Bundle", "./migration-bundle-2024-01-15"],
    ["Verified at", "2024-01-15T14:30:00.000Z"],
    ["Duration", "1523 ms"],
    ["Checks", "8 checks: 8 passed, 0 failed, 0 warnings"],
    ["Escalation", "not required"],
  ]);
  expect(tableUnder(markdown, "Tier Distribution")[2]).toEqual(["FIRST_YEAR", "First Year", "800", "37.3%"]);
  expect(tableUnder(markdown, "Verification Checks")).toHaveLength(9);
  expect(markdown).toMatch(/## Policy Verification\n\nNo policies were compared\.\n/);
  expect(markdown).toMatch(/## Escalation\n\nNot required\.\n$/);
});

test("the source itself is searchable: ids, codes and messages are not broken by escapes", () => {
  const markdown = markdownReport(passedReport);
  for (const text of ["FIRST_YEAR", "run-20240115-143000", "37.3%", "Tier coverage: 98.5% (2115/2147)"]) {
    expect(markdown).toContain(text);
  }
});

test("a failed report names every failure and warning with what was expected and found", () => {
  const markdown = markdownReport(failedReport);
  expect(tableUnder(markdown, "Count Comparison").slice(1)).toEqual([
    ["Members", "2147", "2000", "-147", "differs"],
    ["Events", "523", "524", "+1", "differs"],
    ["Registrations", "8603", "–", "–", "not counted"],
    ["Member Tiers", "–", "8", "–", "not in the bundle"],
  ]);
  expect(tableUnder(markdown, "Verification Checks").map(([result]) => result)).toEqual([
    "Result",
    "FAIL",
    "WARN",
    "FAIL",
    "PASS",
  ]);
  expect(headings(markdown).filter((heading) => heading.startsWith("3"))).toEqual([
    "3 FAIL: Member Count",
    "3 WARN: Tier Coverage",
    "3 FAIL: Row Content",
  ]);
  expect(markdown).toContain("- Expected: `2147`\n- Actual: `2000`\n");
  expect(tableUnder(markdown, "Policy Verification")[2]).toEqual([
    "governance.quorumPercentage",
    "50",
    '"50"',
    "differs",
  ]);
  expect(tableUnder(markdown, "Policy Verification")[3]?.[2]).toBe("absent");
  for (const reason of failedReport.escalate.reasons) expect(markdown).toContain(`- ${reason}\n`);
});

test("a report of nothing says so in every section", () => {
  const counts = { bundle: {}, database: {} };
  const markdown = markdownReport({ ...passedReport, checks: [], counts, tierDistribution: [] });
  for (const text of ["No records were counted.", "No tiers were found.", "No checks were run."]) {
    expect(markdown).toContain(`\n\n${text}\n`);
  }
});

describe("hostile values", () => {
  test("a cell shows exactly the text it was given, as text and as code", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const table = `| a | b | c |\n| --- | --- | --- |\n| ${markdownText(text)} | ${markdownCode(text)} | end |\n`;
        const seen = printable(text).replace(/ +/g, " ").trim() || "(empty)";
        const [, row] = tableUnder(`# t\n\n${table}`, "t");
        expect(row?.map((cell) => cell.replace(/ +/g, " ").trim())).toEqual([seen, seen, "end"]);
      }),
      { numRuns: 1000 },
    );
  });

  test("no value adds a block, a row or a cell", () => {
    const shape = (markdown: string) =>
      reader.lexer(markdown).map((token) => {
        if (token.type === "table") return [token.header.length, token.rows.map((row: unknown[]) => row.length)];
        return token.type === "list"
          ? [token.type, token.ordered, token.items.length]
          : [token.type, "depth" in token && token.depth];
      });
    const plain = shape(markdownReport(reportSaying("plain")));
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(shape(markdownReport(reportSaying(text)))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    "![x](https://evil.example/track.png)",
    "<img src=https://evil.example/x>",
    "[go](javascript:alert(1))",
    "https://evil.example/",
  ])("%s is neither image nor link nor element", (text) => {
    const html = reader.parse(markdownReport(reportSaying(text)), { async: false });
    expect(html).not.toMatch(/<(a|img|script)\b/);
  });
});
