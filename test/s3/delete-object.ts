import { assertWriteConditions } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import type { Exchange, Operation } from "./exchange.ts";
import { assertDeletable } from "./object-lock.ts";
import { parameter } from "./request.ts";
import { assertOnly, childText, type Element, element, parseXml, requiredText, text, toXml } from "./xml.ts";

const MAX_KEYS = 1000;

interface Deleted {
  readonly versionId: string | undefined;
  readonly deleteMarker: boolean;
}

function deleteOne(exchange: Exchange, key: string, versionId: string | undefined): Deleted {
  const { bucket, now, fields } = exchange;
  if (versionId !== undefined) {
    const version = bucket.versionsOf(key).find((candidate) => candidate.versionId === versionId);
    if (version === undefined) return { versionId, deleteMarker: false };
    assertDeletable(version, now, fields.get("x-amz-bypass-governance-retention") === "true");
    bucket.remove(key, versionId);
    return { versionId, deleteMarker: version.deleteMarker };
  }
  if (bucket.versioning === "Off") {
    bucket.remove(key, "null");
    return { versionId: undefined, deleteMarker: false };
  }
  const marker = bucket.add({
    key,
    deleteMarker: true,
    body: [],
    bytes: 0,
    etag: "",
    modifiedAt: now,
    contentType: "",
    contentEncoding: undefined,
    metadata: new Map(),
    checksum: undefined,
    retention: undefined,
    legalHold: false,
  });
  return { versionId: marker.versionId, deleteMarker: true };
}

export const deleteObject: Operation = (exchange) => {
  const { request, bucket, fields } = exchange;
  if (fields.has("if-match"))
    assertWriteConditions(new Map([["if-match", fields.get("if-match")!]]), bucket, request.key);
  const deleted = deleteOne(exchange, request.key, parameter(request, "versionId"));
  return {
    status: 204,
    headers: {
      ...(deleted.versionId === undefined ? {} : { "x-amz-version-id": deleted.versionId }),
      ...(deleted.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
    },
  };
};

export const deleteObjects: Operation = (exchange) => {
  if (exchange.checksum === undefined && !exchange.fields.has("content-md5")) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const document = parseXml(exchange.body.toString("utf8"), "Delete");
  assertOnly(document, ["Object", "Quiet"]);
  const objects = document.children.filter((child) => child.name === "Object");
  if (objects.length === 0 || objects.length > MAX_KEYS) {
    throw new S3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  const quiet = childText(document, "Quiet") === "true";
  const results: Element[] = [];
  for (const object of objects) {
    const key = requiredText(object, "Key");
    const versionId = childText(object, "VersionId");
    const about = [text("Key", key), ...(versionId === undefined ? [] : [text("VersionId", versionId)])];
    try {
      const deleted = deleteOne(exchange, key, versionId);
      const marker = deleted.deleteMarker
        ? [text("DeleteMarker", true), text("DeleteMarkerVersionId", deleted.versionId ?? "null")]
        : [];
      if (!quiet) results.push(element("Deleted", [...about, ...marker]));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      results.push(element("Error", [...about, text("Code", error.code), text("Message", error.message)]));
    }
  }
  return { status: 200, body: toXml(element("DeleteResult", results)) };
};
