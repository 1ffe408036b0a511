import * as z from 'zod';
import { cosTarget } from '../cos/target.ts';
import { origin } from './source-version.ts';

const evidence = z.enum(['sha1', 'md5-of-each-slice', 'listed', 'own-record', 'unproven']).optional();
export type Evidence = NonNullable<z.infer<typeof evidence>>;

/** The proof written at the end. Sizes in bytes, times in ms since the epoch. */
export const receipt = z.object({
  transferId: z.string(),
  /** sent: by slices; direct: in one request; instant: COS held the bytes; skipped: the file was there. */
  how: z.enum(['sent', 'direct', 'instant', 'skipped']),
  /**
   * What it rests on that COS holds the source's bytes. sha1: COS states that of the source. md5-of-each-slice: COS echoed
   * it. listed: slices whose echo nobody saw are in COS's list of our session. own-record: we stored this very version and
   * the file is the one of then. unproven: size and time alone. Missing in receipts of before.
   */
  evidence,
  source: origin,
  target: cosTarget,
  session: z.string().optional(),
  sliceSize: z.number().optional(),
  slices: z.object({
    total: z.number(),
    sent: z.number(),
    alreadyHeld: z.number(),
    resent: z.number(),
    md5Verified: z.number(),
  }),
  bytes: z.object({ total: z.number(), sent: z.number() }),
  verified: z.object({
    size: z.number(),
    /** Lower-case hex; as COS states it. */
    sha1: z.string().optional(),
    sha1Matches: z.boolean().optional(),
  }),
  requestIds: z.object({ finish: z.string().optional(), stat: z.string() }),
  accessUrl: z.string().optional(),
  metadata: z.object({ set: z.array(z.string()), refused: z.array(z.string()) }).optional(),
  /** What the object has in S3 and the file in COS does not have, by name. The ACL is never asked for, so it always stands here. */
  notCarried: z.array(z.string()).optional(),
  /**
   * In US dollars by list prices, from counted calls and the bytes of all attempts; missing for what a client sent, and in
   * receipts of before.
   */
  cost: z.object({ aws: z.number(), egress: z.number(), prices: z.string() }).optional(),
  startedAt: z.number(),
  storedAt: z.number(),
  /** How many executions worked on it, the first one counted. */
  attempts: z.number(),
  /** The release of the relay that wrote it; those before 0.2.0 did not say. */
  relayVersion: z.string().optional(),
});
export type Receipt = z.infer<typeof receipt>;
