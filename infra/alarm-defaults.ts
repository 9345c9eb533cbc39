/** One in five minutes is enough, and no data is no news; an alarm says where it differs. */
export const alarmDefaults = {
  comparisonOperator: "GreaterThanOrEqualToThreshold",
  statistic: "Sum",
  threshold: 1,
  period: 300,
  evaluationPeriods: 1,
  treatMissingData: "notBreaching",
};

export type Alarm = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  "namespace" | "metricName" | "dimensions" | "alarmDescription"
> &
  Partial<aws.cloudwatch.MetricAlarmArgs>;
