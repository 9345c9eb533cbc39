import type { VerificationReport } from "@runback/core";
import { htmlReport } from "./html-report.ts";
import { jsonReport } from "./json-report.ts";
import { junitReport } from "./junit-report.ts";
import { markdownReport } from "./markdown-report.ts";

export interface ReportFormat {
  readonly render: (report: VerificationReport) => string;
  /** For `Accept` and `Content-Type`, without parameters; the text is UTF-8. */
  readonly mediaType: string;
  readonly extension: string;
}

export type ReportFormatName = "markdown" | "json" | "html" | "junit";

/** The formats by the names that `verify --format` takes. */
export const reportFormats: Readonly<Record<ReportFormatName, ReportFormat>> = {
  markdown: { render: markdownReport, mediaType: "text/markdown", extension: "md" },
  json: { render: jsonReport, mediaType: "application/json", extension: "json" },
  html: { render: htmlReport, mediaType: "text/html", extension: "html" },
  junit: { render: junitReport, mediaType: "application/xml", extension: "xml" },
};
