import type { S3FaultAct, S3Op } from './faults.ts';
import type { ByteRange } from './wire/byte-range.ts';

/** What one request asked for and got. */
export type S3LogEntry = {
  readonly op: S3Op;
  readonly bucket: string;
  readonly key: string;
  readonly at: number;
  /** The range as it was answered. */
  range?: ByteRange;
  /** 0 when no header went out. */
  status: number;
  /** Body bytes handed to the connection. */
  bytes: number;
  fault?: S3FaultAct['kind'];
};
