import { type Checksum, digest } from "./checksums.ts";
import { assertWriteConditions } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import { type Operation, versionHeaders } from "./exchange.ts";
import { findUpload } from "./multipart.ts";
import { md5Hex, type Part, type Upload } from "./store.ts";
import { assertOnly, childText, type Element, element, parseXml, requiredText, text, toXml } from "./xml.ts";

const MIN_PART = 5 * 1024 * 1024;

function chosenPart(upload: Upload, entry: Element, number: number): Part {
  const part = upload.parts.get(number);
  const etag = requiredText(entry, "ETag").replace(/^"|"$/g, "");
  if (part === undefined || part.etag !== etag) {
    throw new S3Error(
      "InvalidPart",
      "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      {
        PartNumber: String(number),
      },
    );
  }
  if (upload.algorithm === undefined) return part;
  const given = childText(entry, `Checksum${upload.algorithm.toUpperCase()}`);
  if (given === undefined && upload.type === "COMPOSITE") {
    throw new S3Error(
      "InvalidRequest",
      `The upload was created using a ${upload.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  }
  if (given !== undefined && given !== part.checksum?.value) {
    throw new S3Error(
      "InvalidPart",
      "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified checksum may not match the part's checksum.",
      {
        PartNumber: String(number),
      },
    );
  }
  return part;
}

function readParts(upload: Upload, body: Buffer): Part[] {
  const document = parseXml(body.toString("utf8"), "CompleteMultipartUpload");
  assertOnly(document, ["Part"]);
  if (document.children.length === 0) {
    throw new S3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  let before = 0;
  const parts = document.children.map((entry) => {
    const number = Number(requiredText(entry, "PartNumber"));
    if (!Number.isInteger(number) || number <= before) {
      throw new S3Error(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
      );
    }
    before = number;
    return chosenPart(upload, entry, number);
  });
  const small = parts.findIndex((part, index) => index < parts.length - 1 && part.body.byteLength < MIN_PART);
  if (small >= 0) {
    throw new S3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
      ProposedSize: String(parts[small]!.body.byteLength),
      MinSizeAllowed: String(MIN_PART),
      PartNumber: String(small + 1),
    });
  }
  return parts;
}

function checksumOf(upload: Upload, parts: readonly Part[]): Checksum | undefined {
  const { algorithm, type } = upload;
  if (algorithm === undefined) return undefined;
  if (type === "FULL_OBJECT") {
    const value = digest(
      algorithm,
      parts.map((part) => part.body),
    ).toString("base64");
    return { algorithm, value, type };
  }
  const digests = parts.map((part) => Buffer.from(part.checksum?.value ?? "", "base64"));
  return { algorithm, value: `${digest(algorithm, digests).toString("base64")}-${parts.length}`, type };
}

export const completeMultipartUpload: Operation = (exchange) => {
  const { bucket, request, fields, now } = exchange;
  const upload = findUpload(exchange);
  const parts = readParts(upload, exchange.body);
  const bytes = parts.reduce((sum, part) => sum + part.body.byteLength, 0);
  const announced = fields.get("x-amz-mp-object-size");
  if (announced !== undefined && Number(announced) !== bytes) {
    throw new S3Error(
      "InvalidRequest",
      `The provided 'x-amz-mp-object-size' header value ${announced} does not match what was computed: ${bytes}`,
    );
  }
  const checksum = checksumOf(upload, parts);
  const claimed = checksum && fields.get(`x-amz-checksum-${checksum.algorithm}`);
  if (claimed !== undefined && claimed !== checksum?.value) {
    throw new S3Error("BadDigest", `The ${checksum?.algorithm} you specified did not match the calculated checksum.`);
  }
  assertWriteConditions(fields, bucket, request.key);
  const etag = `${md5Hex(parts.map((part) => Buffer.from(part.etag, "hex")))}-${parts.length}`;
  const version = bucket.add({
    ...upload.template,
    key: upload.key,
    deleteMarker: false,
    body: parts.map((part) => part.body),
    bytes,
    etag,
    modifiedAt: now,
    checksum,
  });
  bucket.uploads.delete(upload.id);
  const document = element("CompleteMultipartUploadResult", [
    text("Bucket", bucket.name),
    text("Key", upload.key),
    text("ETag", `"${etag}"`),
    ...(checksum === undefined
      ? []
      : [text(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value), text("ChecksumType", checksum.type)]),
  ]);
  return { status: 200, headers: versionHeaders(bucket, version.versionId), body: toXml(document) };
};
