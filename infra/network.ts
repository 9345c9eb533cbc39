import type { Settings } from "./settings.ts";

/**
 * A VPC for Aurora and the functions. Outgoing traffic (webhooks, Wild Apricot, the durable execution service) leaves through
 * NAT; the vault's goes through a free gateway endpoint, since a snapshot through NAT is paid by the gigabyte.
 */
export function createNetwork(settings: Settings): sst.aws.Vpc {
  const vpc = new sst.aws.Vpc("Network", { nat: settings.production ? "managed" : "ec2" });
  new aws.ec2.VpcEndpoint("NetworkS3", {
    vpcId: vpc.id,
    serviceName: $interpolate`com.amazonaws.${aws.getRegionOutput().region}.s3`,
    vpcEndpointType: "Gateway",
    routeTableIds: vpc.nodes.privateRouteTables.apply((tables) => tables.map((table) => table.id)),
  });
  return vpc;
}
