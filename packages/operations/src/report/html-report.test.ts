import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { describe, expect, test } from "vitest";
import { hostileText } from "./hostile-text.ts";
import { htmlReport } from "./html-report.ts";
import { printable } from "./printable.ts";
import { failedReport, passedReport, reportSaying } from "./sample-reports.ts";

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Reads as a browser does, but fails on every deviation from the HTML standard. */
function read(html: string): Node {
  const errors: string[] = [];
  const document = parse(html, { onParseError: ({ code, startLine }) => errors.push(`${startLine}: ${code}`) });
  expect(errors).toEqual([]);
  return document;
}

function elements(node: Node): Element[] {
  const children = "childNodes" in node ? node.childNodes.flatMap(elements) : [];
  return "tagName" in node ? [node, ...children] : children;
}

function text(node: Node): string {
  if (node.nodeName === "#text" && "value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(text).join("") : "";
}

const attribute = (element: Element, name: string) => element.attrs.find((attr) => attr.name === name)?.value;
const tagged = (node: Node, name: string) => elements(node).filter(({ tagName }) => tagName === name);

function section(document: Node, id: string): Element {
  const found = tagged(document, "section").find((element) => attribute(element, "aria-labelledby") === id);
  if (!found) throw new Error(`no section ${id}`);
  return found;
}

const rows = (node: Node) =>
  tagged(node, "tr").map((row) =>
    elements(row)
      .filter(({ tagName }) => tagName === "td" || tagName === "th")
      .map(text),
  );

describe.each([
  ["passed", passedReport],
  ["failed", failedReport],
])("the %s page", (name, report) => {
  const html = htmlReport(report);
  const document = read(html);

  test("is titled and headed by the verdict", () => {
    expect(text(tagged(document, "title")[0]!)).toBe(`Verification ${name.toUpperCase()}: run-20240115-143000`);
    expect(text(tagged(document, "strong")[0]!)).toContain(`Verification ${name.toUpperCase()}`);
  });

  test("has the sections of the runbook, each named by its heading", () => {
    const headings = tagged(document, "h2");
    expect(headings.map(text)).toEqual([
      "Summary",
      "Count Comparison",
      "Tier Distribution",
      "Verification Checks",
      "Policy Verification",
      "Escalation",
    ]);
    expect(tagged(document, "section").map((element) => attribute(element, "aria-labelledby"))).toEqual(
      headings.map((heading) => attribute(heading, "id")),
    );
  });

  test("loads nothing and runs nothing", () => {
    const policy = tagged(document, "meta").find((meta) => attribute(meta, "http-equiv") === "Content-Security-Policy");
    expect(attribute(policy!, "content")).toBe("default-src 'none'; style-src 'unsafe-inline'");
    const names = new Set(elements(document).map(({ tagName }) => tagName));
    for (const loader of ["script", "link", "img", "iframe", "object", "embed"]) expect(names).not.toContain(loader);
    for (const element of elements(document)) {
      for (const { name, value } of element.attrs) {
        expect(name).not.toMatch(/^on|^src|^xlink/);
        if (name === "href") expect(value).toMatch(/^#/);
      }
    }
    expect(html).not.toMatch(/url\(|@import|@font-face/);
  });

  test("can be read without seeing: language, one main, table headers and captions, unique ids, links that lead somewhere", () => {
    expect(attribute(tagged(document, "html")[0]!, "lang")).toBe("en");
    expect([tagged(document, "main").length, tagged(document, "h1").length]).toEqual([1, 1]);
    for (const header of tagged(document, "th")) expect(attribute(header, "scope")).toMatch(/^(row|col)$/);
    for (const table of tagged(document, "table")) expect(tagged(table, "caption")).toHaveLength(1);
    for (const region of elements(document).filter((element) => attribute(element, "tabindex") === "0")) {
      expect([attribute(region, "role"), attribute(region, "aria-label")]).toEqual([
        "region",
        expect.stringMatching(/./),
      ]);
    }
    const ids = elements(document).flatMap((element) => attribute(element, "id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of tagged(document, "a")) expect(ids).toContain(attribute(link, "href")?.slice(1));
    const chart = tagged(document, "svg")[0]!;
    expect(attribute(chart, "role")).toBe("img");
    expect(ids).toContain(attribute(chart, "aria-labelledby"));
  });
});

test("the tier chart draws what its table says", () => {
  const tiers = section(read(htmlReport(passedReport)), "tiers");
  expect(rows(tiers).slice(1)).toEqual([
    ["Newcomer", "NEWCOMER", "500", "23.3%"],
    ["First Year", "FIRST_YEAR", "800", "37.3%"],
    ["Second Year", "SECOND_YEAR", "400", "18.6%"],
    ["Third Year", "THIRD_YEAR", "215", "10.0%"],
    ["Alumni & Friends of the Association", "ALUMNI", "150", "7.0%"],
    ["Lapsed", "LAPSED", "50", "2.3%"],
    ["General", "GENERAL", "0", "0.0%"],
  ]);
  expect(tagged(tiers, "rect").map((bar) => attribute(bar, "width"))).toEqual([
    "27.50%",
    "44.00%",
    "22.00%",
    "11.82%",
    "8.25%",
    "2.75%",
    "0.00%",
  ]);
  expect(tagged(tiers, "text").map(text).slice(8, 10)).toEqual(["Alumni & Friend…", "150 (7.0%)"]);
});

test("a tier of one member among many still shows", () => {
  const tiers = [
    { tierCode: "GENERAL", tierName: "General", count: 1_000_000, percentage: 99.9999 },
    { tierCode: "LAPSED", tierName: "Lapsed", count: 1, percentage: 0.0001 },
  ];
  const chart = section(read(htmlReport({ ...passedReport, tierDistribution: tiers })), "tiers");
  expect(tagged(chart, "rect").map((bar) => attribute(bar, "width"))).toEqual(["44.00%", "0.40%"]);
  expect(tagged(chart, "text").map(text)).toEqual(["General", "1,000,000 (>99.9%)", "Lapsed", "1 (<0.1%)"]);
});

test("a failed page leads to each failure and warning, with what was expected and found", () => {
  const document = read(htmlReport(failedReport));
  const links = tagged(section(document, "summary"), "a");
  expect(links.map((link) => [text(link), attribute(link, "href")])).toEqual([
    ["Member Count", "#check-1"],
    ["Tier Coverage", "#check-2"],
    ["Row Content", "#check-3"],
  ]);
  const checks = rows(section(document, "checks")).slice(1);
  expect(checks.map(([result]) => result)).toEqual(["FAIL", "WARN", "FAIL", "PASS"]);
  expect(checks[0]?.[2]).toBe("Member count mismatch: expected 2147, got 2000 (diff: 147)Expected 2147Actual 2000");
  expect(rows(section(document, "counts")).slice(1)).toEqual([
    ["Members", "2,147", "2,000", "−147", "differs"],
    ["Events", "523", "524", "+1", "differs"],
    ["Registrations", "8,603", "–", "–", "not counted"],
    ["Member Tiers", "–", "8", "–", "not in the bundle"],
  ]);
  expect(rows(section(document, "policies"))[2]).toEqual(["governance.quorumPercentage", "50", '"50"', "differs"]);
  expect(tagged(section(document, "escalation"), "li").map(text)).toEqual(failedReport.escalate.reasons);
});

test("a report of nothing says so in every section", () => {
  const counts = { bundle: {}, database: {} };
  const document = read(htmlReport({ ...passedReport, checks: [], counts, tierDistribution: [] }));
  const sections = ["counts", "tiers", "checks", "policies", "escalation"].map((id) => text(section(document, id)));
  expect(sections.map((content) => content.trim().split("\n").at(-1))).toEqual([
    "No records were counted.",
    "No tiers were found.",
    "No checks were run.",
    "No policies were compared.",
    "Not required.",
  ]);
});

describe("hostile values", () => {
  /** Every element with every attribute: no value from outside may change any of them. */
  const shape = (node: Node) => elements(node).map(({ tagName, attrs }) => [tagName, attrs]);

  test("no value becomes an element or an attribute, and each is shown as it is", () => {
    const plain = shape(read(htmlReport(reportSaying("plain"))));
    fc.assert(
      fc.property(hostileText, (value) => {
        const document = read(htmlReport(reportSaying(value)));
        expect(shape(document)).toEqual(plain);
        const shown = printable(value);
        expect(text(tagged(section(document, "summary"), "code")[0]!)).toBe(shown);
        expect(text(tagged(section(document, "escalation"), "li")[0]!)).toBe(shown);
      }),
      { numRuns: 300 },
    );
  });

  test("a value that claims to be escaped already is escaped", () => {
    const forged = { isEscaped: true, toString: "<script>" };
    const policyVerification = [{ key: "k", expected: forged, actual: "<b>", matches: false }];
    const document = read(htmlReport({ ...passedReport, policyVerification }));
    expect(rows(section(document, "policies"))[1]).toEqual([
      "k",
      '{"isEscaped":true,"toString":"<script>"}',
      '"<b>"',
      "differs",
    ]);
  });
});
