const FOURTEEN_DAYS = 14 * 24 * 60 * 60;

/** Keeps what could not be processed for 14 days, the most a queue can: a failure over a long holiday is still there. */
export function createDeadLetterQueue(name: string): sst.aws.Queue {
  return new sst.aws.Queue(name, {
    transform: {
      queue: (args) => {
        args.messageRetentionSeconds = FOURTEEN_DAYS;
        args.sqsManagedSseEnabled = true;
      },
    },
  });
}

/** For the role of a function that leaves its failures in the queue. */
export function mayFill(queue: sst.aws.Queue) {
  return { actions: ["sqs:SendMessage"], resources: [queue.arn] };
}
