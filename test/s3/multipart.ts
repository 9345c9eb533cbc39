import { randomBytes } from "node:crypto";
import { isAlgorithm } from "./checksums.ts";
import { S3Error } from "./errors.ts";
import type { Exchange, Operation } from "./exchange.ts";
import { templateOf } from "./put-object.ts";
import { parameter } from "./request.ts";
import { md5Hex, type Upload } from "./store.ts";
import { element, text, toXml } from "./xml.ts";

const MAX_PART = 10_000;

export function findUpload({ bucket, request }: Exchange): Upload {
  const upload = bucket.uploads.get(parameter(request, "uploadId") ?? "");
  if (upload === undefined || upload.key !== request.key) {
    throw new S3Error(
      "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    );
  }
  return upload;
}

export const createMultipartUpload: Operation = (exchange) => {
  const { bucket, request, fields, now } = exchange;
  const algorithm = fields.get("x-amz-checksum-algorithm")?.toLowerCase();
  if (algorithm !== undefined && !isAlgorithm(algorithm)) {
    throw new S3Error(
      "InvalidRequest",
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    );
  }
  const type = fields.get("x-amz-checksum-type") ?? (algorithm === "crc64nvme" ? "FULL_OBJECT" : "COMPOSITE");
  if (type !== "FULL_OBJECT" && type !== "COMPOSITE") {
    throw new S3Error("InvalidRequest", "Value for x-amz-checksum-type header is invalid.");
  }
  const whole = algorithm === "crc32" || algorithm === "crc32c" || algorithm === "crc64nvme";
  if (
    (type === "FULL_OBJECT" && algorithm !== undefined && !whole) ||
    (type === "COMPOSITE" && algorithm === "crc64nvme")
  ) {
    throw new S3Error(
      "InvalidRequest",
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  const id = randomBytes(24).toString("base64url");
  bucket.uploads.set(id, {
    id,
    key: request.key,
    startedAt: now,
    template: templateOf(exchange),
    algorithm,
    type,
    parts: new Map(),
  });
  const children = [text("Bucket", bucket.name), text("Key", request.key), text("UploadId", id)];
  return {
    status: 200,
    headers:
      algorithm === undefined
        ? {}
        : { "x-amz-checksum-algorithm": algorithm.toUpperCase(), "x-amz-checksum-type": type },
    body: toXml(element("InitiateMultipartUploadResult", children)),
  };
};

export const uploadPart: Operation = (exchange) => {
  const { request, body, checksum, now } = exchange;
  const upload = findUpload(exchange);
  const number = Number(parameter(request, "partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART) {
    throw new S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", {
      ArgumentName: "partNumber",
    });
  }
  if (upload.algorithm !== undefined && checksum?.algorithm !== upload.algorithm) {
    throw new S3Error(
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${checksum?.algorithm ?? "null"}`,
    );
  }
  const etag = md5Hex([body]);
  upload.parts.set(number, { body, etag, checksum, modifiedAt: now });
  return {
    status: 200,
    headers: {
      etag: `"${etag}"`,
      ...(checksum === undefined ? {} : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
    },
  };
};

export const abortMultipartUpload: Operation = (exchange) => {
  exchange.bucket.uploads.delete(findUpload(exchange).id);
  return { status: 204 };
};

export const listParts: Operation = (exchange) => {
  const upload = findUpload(exchange);
  const maxParts = Math.min(1000, Number(parameter(exchange.request, "max-parts") ?? 1000));
  const marker = Number(parameter(exchange.request, "part-number-marker") ?? 0);
  const rest = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = rest.slice(0, maxParts);
  const document = element("ListPartsResult", [
    text("Bucket", exchange.bucket.name),
    text("Key", upload.key),
    text("UploadId", upload.id),
    text("PartNumberMarker", marker),
    text("NextPartNumberMarker", page.at(-1)?.[0] ?? 0),
    text("MaxParts", maxParts),
    text("IsTruncated", rest.length > page.length),
    ...page.map(([number, part]) =>
      element("Part", [
        text("PartNumber", number),
        text("LastModified", part.modifiedAt.toISOString()),
        text("ETag", `"${part.etag}"`),
        text("Size", part.body.byteLength),
      ]),
    ),
  ]);
  return { status: 200, body: toXml(document) };
};

export const listMultipartUploads: Operation = ({ bucket, request }) => {
  const prefix = parameter(request, "prefix") ?? "";
  const uploads = [...bucket.uploads.values()].filter((upload) => upload.key.startsWith(prefix));
  const document = element("ListMultipartUploadsResult", [
    text("Bucket", bucket.name),
    text("IsTruncated", false),
    ...uploads.map((upload) =>
      element("Upload", [
        text("Key", upload.key),
        text("UploadId", upload.id),
        text("Initiated", upload.startedAt.toISOString()),
      ]),
    ),
  ]);
  return { status: 200, body: toXml(document) };
};
