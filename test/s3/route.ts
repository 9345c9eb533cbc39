import { getBucketVersioning, getObjectLockConfiguration, headBucket, putBucketVersioning } from "./bucket.ts";
import { completeMultipartUpload } from "./complete-multipart.ts";
import { deleteObject, deleteObjects } from "./delete-object.ts";
import { S3Error } from "./errors.ts";
import type { Operation } from "./exchange.ts";
import { getObject, headObject } from "./get-object.ts";
import { listObjectsV2, listObjectVersions } from "./list-objects.ts";
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from "./multipart.ts";
import { getObjectLegalHold, getObjectRetention, putObjectLegalHold, putObjectRetention } from "./object-lock.ts";
import { putObject } from "./put-object.ts";
import { parameter, type S3Request } from "./request.ts";

/** `<bucket or object> <method> <sub-resource>`; the sub-resource is the query parameter that selects it. */
const ROUTES = {
  "bucket HEAD": ["HeadBucket", headBucket],
  "bucket GET list-type": ["ListObjectsV2", listObjectsV2],
  "bucket GET versions": ["ListObjectVersions", listObjectVersions],
  "bucket GET uploads": ["ListMultipartUploads", listMultipartUploads],
  "bucket GET versioning": ["GetBucketVersioning", getBucketVersioning],
  "bucket PUT versioning": ["PutBucketVersioning", putBucketVersioning],
  "bucket GET object-lock": ["GetObjectLockConfiguration", getObjectLockConfiguration],
  "bucket POST delete": ["DeleteObjects", deleteObjects],
  "object GET": ["GetObject", getObject],
  "object HEAD": ["HeadObject", headObject],
  "object PUT": ["PutObject", putObject],
  "object DELETE": ["DeleteObject", deleteObject],
  "object POST uploads": ["CreateMultipartUpload", createMultipartUpload],
  "object PUT uploadId": ["UploadPart", uploadPart],
  "object POST uploadId": ["CompleteMultipartUpload", completeMultipartUpload],
  "object DELETE uploadId": ["AbortMultipartUpload", abortMultipartUpload],
  "object GET uploadId": ["ListParts", listParts],
  "object GET retention": ["GetObjectRetention", getObjectRetention],
  "object PUT retention": ["PutObjectRetention", putObjectRetention],
  "object GET legal-hold": ["GetObjectLegalHold", getObjectLegalHold],
  "object PUT legal-hold": ["PutObjectLegalHold", putObjectLegalHold],
} as const satisfies Record<string, readonly [string, Operation]>;

export type OperationName = (typeof ROUTES)[keyof typeof ROUTES][0];

const KNOWN = new Map<string, readonly [OperationName, Operation]>(Object.entries(ROUTES));

/** Query parameters that choose an operation on AWS, also those not offered here: they must not fall through to another one. */
const SUB_RESOURCES = [
  ...["list-type", "versions", "uploads", "uploadId", "versioning", "object-lock", "delete", "retention", "legal-hold"],
  ...[
    "acl",
    "tagging",
    "policy",
    "policyStatus",
    "lifecycle",
    "cors",
    "website",
    "logging",
    "notification",
    "replication",
  ],
  ...[
    "encryption",
    "location",
    "accelerate",
    "analytics",
    "inventory",
    "metrics",
    "ownershipControls",
    "publicAccessBlock",
  ],
  ...["requestPayment", "restore", "select", "torrent", "attributes", "intelligent-tiering", "renameObject"],
];

export function routeOf(request: S3Request): readonly [OperationName, Operation] {
  const subject = request.key === "" ? "bucket" : "object";
  const resource = SUB_RESOURCES.find((name) => parameter(request, name) !== undefined);
  if (resource === "list-type" && parameter(request, "list-type") !== "2") {
    throw new S3Error("InvalidArgument", "Invalid List Type specified in Request");
  }
  const route = KNOWN.get([subject, request.method, resource].filter((part) => part !== undefined).join(" "));
  if (route !== undefined) return route;
  if (!["GET", "HEAD", "PUT", "POST", "DELETE"].includes(request.method)) {
    throw new S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.");
  }
  throw new S3Error("NotImplemented", "This operation is not implemented here");
}
