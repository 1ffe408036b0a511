/** Public list prices, in US dollars. Change the date with the numbers. */
export const PRICES = {
  date: '2026-11',
  region: 'us-east-1',
  lambdaRequest: 0.2 / 1e6,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  /** Step Functions Standard. */
  transition: 25 / 1e6,
  /** On demand, up to 1 KB. */
  dynamoWrite: 0.625 / 1e6,
  /** On demand, strongly consistent, up to 4 KB. */
  dynamoRead: 0.125 / 1e6,
  /** GET and HEAD. */
  s3Get: 0.4 / 1e6,
  sqsRequest: 0.4 / 1e6,
  logsGb: 0.5,
  egressGb: 0.09,
} as const;
