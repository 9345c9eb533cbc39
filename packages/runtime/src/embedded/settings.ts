import { statfsSync } from "node:fs";

/**
 * `durable`: what was committed survives a power cut. `scratch`: for tests, whose server is thrown away.
 */
export type Durability = "durable" | "scratch";

/** Server settings, passed on the command line so that an existing cluster follows the version of Runback. */
export function serverSettings(port: number, clusterName: string, durability: Durability): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    // The path of a socket may have 107 bytes at most, which the folder of a clone easily exceeds.
    unix_socket_directories: "",
    // Shown in the title of every process of the server: by it leftovers of a killed one are found.
    cluster_name: clusterName,
    max_connections: "100",
    timezone: "UTC",
    log_timezone: "UTC",
    // Errors, their statements and details quote rows, and rows are people. In this order LOG is above ERROR.
    log_min_messages: "log",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_checkpoints: "off",
    dynamic_shared_memory_type: sharedMemoryType(),
    // Short statements dominate, and compiling one costs 50 ms and more.
    jit: "off",
    shared_buffers: "256MB",
    effective_cache_size: "1GB",
    work_mem: "32MB",
    maintenance_work_mem: "256MB",
    random_page_cost: "1.1",
    // Nothing replicates from here; bulk loads into a new table then skip the write-ahead log.
    wal_level: "minimal",
    max_wal_senders: "0",
    max_logical_replication_workers: "0",
    wal_compression: "pglz",
    max_wal_size: "4GB",
    min_wal_size: "80MB",
    checkpoint_timeout: "15min",
    checkpoint_completion_target: "0.9",
    autovacuum_naptime: "15s",
    ...(durability === "scratch"
      ? {
          fsync: "off",
          synchronous_commit: "off",
          full_page_writes: "off",
          wal_compression: "off",
          shared_buffers: "128MB",
          max_connections: "200",
        }
      : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Containers often have 64 MB of /dev/shm, too little for one parallel hash join: files take its place there. */
function sharedMemoryType(): "posix" | "mmap" {
  if (process.platform !== "linux") return "posix";
  try {
    const { bsize, blocks } = statfsSync("/dev/shm");
    return bsize * blocks >= 512 * 1024 * 1024 ? "posix" : "mmap";
  } catch {
    return "mmap";
  }
}
