import { S3Error } from "./errors.ts";
import type { Exchange, Operation } from "./exchange.ts";
import { parameter } from "./request.ts";
import type { Bucket, Retention, Version } from "./store.ts";
import { assertOnly, element, parseXml, requiredText, text, toXml } from "./xml.ts";

const DAY_MS = 24 * 3600 * 1000;

function missingConfiguration(): S3Error {
  return new S3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
}

function retentionOf(mode: string | undefined, until: string | undefined, now: Date): Retention {
  if (mode !== "COMPLIANCE" && mode !== "GOVERNANCE")
    throw new S3Error("InvalidArgument", "Unknown wormMode directive.");
  const instant = new Date(until ?? "");
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(until ?? "") || Number.isNaN(instant.getTime())) {
    throw new S3Error("InvalidArgument", "The retain until date must be provided in ISO 8601 format");
  }
  if (instant <= now) throw new S3Error("InvalidArgument", "The retain until date must be in the future!");
  return { mode, until: instant };
}

/** Retention and legal hold that a put or a new multipart upload asks for. */
export function requestedLock(exchange: Exchange): Pick<Version, "retention" | "legalHold"> {
  const { fields, bucket, now } = exchange;
  const mode = fields.get("x-amz-object-lock-mode");
  const until = fields.get("x-amz-object-lock-retain-until-date");
  const hold = fields.get("x-amz-object-lock-legal-hold");
  if (mode === undefined && until === undefined && hold === undefined) {
    const preset = bucket.defaultRetention;
    const retention = preset && { mode: preset.mode, until: new Date(now.getTime() + preset.days * DAY_MS) };
    return { retention, legalHold: false };
  }
  if (!bucket.objectLock) throw missingConfiguration();
  if ((mode === undefined) !== (until === undefined)) {
    throw new S3Error(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  }
  if (hold !== undefined && hold !== "ON" && hold !== "OFF") {
    throw new S3Error("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'");
  }
  return { retention: mode === undefined ? undefined : retentionOf(mode, until, now), legalHold: hold === "ON" };
}

/** A body that will be locked must be proven whole. */
export function assertLockedBodyIsChecked(exchange: Exchange): void {
  const locks = [...exchange.fields.keys()].some((name) => name.startsWith("x-amz-object-lock-"));
  if (locks && exchange.checksum === undefined && !exchange.fields.has("content-md5")) {
    throw new S3Error(
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  }
}

export function lockHeaders(version: Version): Record<string, string> {
  return {
    ...(version.retention === undefined
      ? {}
      : {
          "x-amz-object-lock-mode": version.retention.mode,
          "x-amz-object-lock-retain-until-date": version.retention.until.toISOString(),
        }),
    ...(version.legalHold ? { "x-amz-object-lock-legal-hold": "ON" } : {}),
  };
}

/** Refuses to destroy a version that is kept; `bypass` only helps against governance mode. */
export function assertDeletable(version: Version, now: Date, bypass: boolean): void {
  const { retention } = version;
  const kept = retention !== undefined && retention.until > now && !(bypass && retention.mode === "GOVERNANCE");
  if (kept || version.legalHold) {
    throw new S3Error("AccessDenied", "Access Denied because object protected by object lock.");
  }
}

function lockedVersion(exchange: Exchange): Version {
  if (!exchange.bucket.objectLock) throw missingConfiguration();
  return exchange.bucket.find(exchange.request.key, parameter(exchange.request, "versionId"));
}

function assertChecked(exchange: Exchange): void {
  if (exchange.checksum === undefined && !exchange.fields.has("content-md5")) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
}

export const putObjectRetention: Operation = (exchange) => {
  const version = lockedVersion(exchange);
  assertChecked(exchange);
  const document = parseXml(exchange.body.toString("utf8"), "Retention");
  assertOnly(document, ["Mode", "RetainUntilDate"]);
  const wanted = retentionOf(requiredText(document, "Mode"), requiredText(document, "RetainUntilDate"), exchange.now);
  const before = version.retention;
  if (before !== undefined && before.until > exchange.now) {
    const weaker = wanted.until < before.until || (before.mode === "COMPLIANCE" && wanted.mode !== "COMPLIANCE");
    const bypass = exchange.fields.get("x-amz-bypass-governance-retention") === "true";
    if (weaker && !(before.mode === "GOVERNANCE" && bypass)) {
      throw new S3Error("AccessDenied", "Access Denied because object protected by object lock.");
    }
  }
  version.retention = wanted;
  return { status: 200 };
};

export const getObjectRetention: Operation = (exchange) => {
  const { retention } = lockedVersion(exchange);
  if (retention === undefined) {
    throw new S3Error("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
  }
  const children = [text("Mode", retention.mode), text("RetainUntilDate", retention.until.toISOString())];
  return { status: 200, body: toXml(element("Retention", children)) };
};

export const putObjectLegalHold: Operation = (exchange) => {
  const version = lockedVersion(exchange);
  assertChecked(exchange);
  const document = parseXml(exchange.body.toString("utf8"), "LegalHold");
  const status = requiredText(document, "Status");
  if (status !== "ON" && status !== "OFF") throw new S3Error("MalformedXML", "Status must be ON or OFF");
  version.legalHold = status === "ON";
  return { status: 200 };
};

export const getObjectLegalHold: Operation = (exchange) => {
  const status = lockedVersion(exchange).legalHold ? "ON" : "OFF";
  return { status: 200, body: toXml(element("LegalHold", [text("Status", status)])) };
};

export function lockConfiguration(bucket: Bucket): string {
  if (!bucket.objectLock) {
    throw new S3Error(
      "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket",
    );
  }
  const rule = bucket.defaultRetention && [
    element("Rule", [
      element("DefaultRetention", [
        text("Mode", bucket.defaultRetention.mode),
        text("Days", bucket.defaultRetention.days),
      ]),
    ]),
  ];
  return toXml(element("ObjectLockConfiguration", [text("ObjectLockEnabled", "Enabled"), ...(rule ?? [])]));
}
