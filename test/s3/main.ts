/**
 * The strict S3 server as a process of its own, for tests that measure memory or kill things:
 * `node test/s3/main.ts '{"buckets":[{"name":"b"}],"credentials":{"accessKeyId":"…","secretAccessKey":"…"}}'`
 * prints one JSON line with the endpoint, and ends when its standard input does.
 */
import { type S3ServerOptions, startS3Server } from "./server.ts";

const options = JSON.parse(process.argv[2] ?? "") as S3ServerOptions;
const server = await startS3Server(options);
process.stdout.write(`${JSON.stringify({ endpoint: server.endpoint, region: server.region })}\n`);
process.stdin.resume();
process.stdin.once("end", () => void server.close());
