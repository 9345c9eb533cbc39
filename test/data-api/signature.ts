import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Credentials, hmac, sha256Hex } from "../s3/sigv4.ts";
import { ApiProblem } from "./api-problem.ts";

/** Checks the Signature Version 4 of a request to `rds-data`. @throws ApiProblem as AWS answers */
export function checkSignature(message: IncomingMessage, body: Buffer, known: Credentials, region: string): void {
  const claim =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/rds-data\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      message.headers.authorization ?? "",
    );
  if (claim === null) throw new ApiProblem("MissingAuthenticationTokenException", "Missing Authentication Token", 403);
  const [, accessKeyId, date, scopeRegion, signedHeaders, signature] = claim as unknown as string[];
  const amzDate = String(message.headers["x-amz-date"]);
  const names = signedHeaders!.split(";");
  if (accessKeyId !== known.accessKeyId || scopeRegion !== region || !amzDate.startsWith(date!)) {
    throw new ApiProblem("UnrecognizedClientException", "The security token included in the request is invalid.", 403);
  }
  if (!names.includes("host") || !names.includes("x-amz-date")) {
    throw new ApiProblem("InvalidSignatureException", "'Host' and 'X-Amz-Date' must be signed headers.", 403);
  }
  const headers = names.map((name) => `${name}:${String(message.headers[name] ?? "").trim()}\n`).join("");
  const canonical = [message.method, message.url, "", headers, signedHeaders, sha256Hex(body)].join("\n");
  const scope = `${date}/${region}/rds-data/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256Hex(canonical)}`;
  const key = [date!, region, "rds-data", "aws4_request"].reduce<string | Buffer>(
    (parent, part) => hmac(parent, part),
    `AWS4${known.secretAccessKey}`,
  );
  const expected = hmac(key, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature!, "hex"))) {
    throw new ApiProblem(
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided.",
      403,
    );
  }
}
