import { S3Error } from "./errors.ts";
import type { Operation } from "./exchange.ts";
import { lockConfiguration } from "./object-lock.ts";
import { element, parseXml, requiredText, text, toXml } from "./xml.ts";

export const headBucket: Operation = () => ({ status: 200 });

export const getBucketVersioning: Operation = ({ bucket }) => ({
  status: 200,
  body: toXml(
    element("VersioningConfiguration", bucket.versioning === "Off" ? [] : [text("Status", bucket.versioning)]),
  ),
});

export const putBucketVersioning: Operation = ({ bucket, body }) => {
  const status = requiredText(parseXml(body.toString("utf8"), "VersioningConfiguration"), "Status");
  if (status !== "Enabled" && status !== "Suspended")
    throw new S3Error("MalformedXML", "Status must be Enabled or Suspended");
  if (bucket.objectLock && status === "Suspended") {
    throw new S3Error(
      "InvalidBucketState",
      "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
    );
  }
  bucket.versioning = status;
  return { status: 200 };
};

export const getObjectLockConfiguration: Operation = ({ bucket }) => ({ status: 200, body: lockConfiguration(bucket) });
