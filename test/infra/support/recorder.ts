/** One resource as a deploy would ask AWS for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const ACCOUNT = "123456789012";
const REGION = "eu-central-1";

interface Request {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

interface Call {
  readonly token: string;
  readonly inputs: Record<string, unknown>;
}

/** Pulumi mocks that keep every resource, give it the outputs AWS would, and answer the data sources the stack asks. */
export function recorder() {
  const resources: Registered[] = [];
  return {
    resources,
    mocks: {
      newResource({ type, name, inputs }: Request) {
        resources.push({ type, name, inputs: plain(inputs) as Registered["inputs"] });
        return { id: `${name}-id`, state: { ...inputs, ...outputsOf(type, name, inputs) } };
      },
      call: ({ token, inputs }: Call) => answer(token, inputs),
    },
  };
}

/** On the wire Pulumi wraps a secret in an object with this key; a test wants to see what is inside. */
const WRAPPED = "4dabf18193072939515e22adb298388d";

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (WRAPPED in value && "value" in value) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

function outputsOf(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const [, service = "", kind = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  const arn = `arn:aws:${service}:${REGION}:${ACCOUNT}:${kind.toLowerCase()}/${name}`;
  switch (type) {
    case "aws:s3/bucket:Bucket":
      return { arn: `arn:aws:s3:::${inputs.bucket}` };
    case "aws:lambda/function:Function": {
      const own = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${inputs.name}`;
      return { arn: own, qualifiedArn: `${own}:1`, invokeArn: own, version: "1", publish: inputs.publish ?? false };
    }
    case "aws:lambda/functionUrl:FunctionUrl":
      return { functionUrl: `https://${name}.lambda-url.${REGION}.on.aws/` };
    case "aws:sqs/queue:Queue":
      return { arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${inputs.name}`, url: `https://sqs.example/${inputs.name}` };
    case "aws:rds/cluster:Cluster":
      return { arn, endpoint: "db.example", readerEndpoint: "db-ro.example" };
    case "aws:rds/clusterInstance:ClusterInstance":
      return { arn, port: 5432 };
    case "random:index/randomPassword:RandomPassword":
      return { result: "generated" };
    case "random:index/randomBytes:RandomBytes":
      return { base64: Buffer.alloc(32).toString("base64") };
    default:
      return service === "" ? {} : { arn };
  }
}

function answer(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      return { ...inputs, json: JSON.stringify({ Version: "2012-10-17", Statement: inputs.statements }) };
    case "aws:index/getRegion:getRegion":
      return { region: REGION, id: REGION, name: REGION };
    case "aws:index/getPartition:getPartition":
      return { partition: "aws", dnsSuffix: "amazonaws.com" };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: ACCOUNT };
    case "aws:index/getAvailabilityZones:getAvailabilityZones":
      return { names: [`${REGION}a`, `${REGION}b`, `${REGION}c`], zoneIds: ["1", "2", "3"] };
    case "aws:ec2/getAmi:getAmi":
      return { id: "ami-1" };
    default:
      throw new Error(`The stack asked for ${token}, which this recorder does not know: add the answer AWS gives`);
  }
}
