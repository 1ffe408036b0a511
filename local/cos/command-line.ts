import { parseArgs } from 'node:util';
import * as z from 'zod';

/** What is wrong with the command line or the environment, in one line. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage';
}

const text = (name: string) => z.string().min(1, `${name} is empty`);
const number = (name: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `${name} is not a whole number`)
    .transform(Number);
const on = z.boolean().default(false);

const sliceSizes = z
  .string()
  .regex(/^(any|\d{1,9}(,\d{1,9})*)$/, '--slice-sizes is neither "any" nor numbers with commas')
  .transform((list) => (list === 'any' ? list : list.split(',').map(Number)));

const clock = z
  .string()
  .refine(
    (moment) => clockOffset(moment, 0) !== undefined,
    '--clock is neither +SECONDS, -SECONDS nor a date',
  )
  .transform((moment) => clockOffset(moment, Date.now()) ?? 0);

const settings = z
  .object({
    help: on,
    port: number('--port')
      .default(9436)
      .refine((port) => port <= 65535, '--port is not a port number'),
    host: text('--host').default('127.0.0.1'),
    data: text('--data').default('.relay/cos'),
    appId: z
      .string()
      .regex(/^\d{1,20}$/, '--app-id is not a number')
      .default('1250000000'),
    buckets: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, '--bucket is not a bucket name'))
      .default(['relay']),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,20}$/, '--region is not a region')
      .default('gz'),
    secretId: text('--secret-id').default('AKIDlocal'),
    secretKey: text('--secret-key').default('local-secret-key'),
    strictFolders: on,
    refuseSame: on,
    privateBuckets: on,
    sliceSizes: sliceSizes.optional(),
    realHosts: on,
    allowOrigins: z.array(text('--allow-origin')).default(['*']),
    https: on,
    cert: text('--cert').optional(),
    key: text('--key').optional(),
    control: on,
    log: text('--log').optional(),
    latencyMs: number('--latency').optional(),
    bandwidth: number('--bandwidth')
      .refine((rate) => rate > 0, '--bandwidth is nothing')
      .optional(),
    clockOffsetMs: clock.default(0),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), '--cert and --key go together');
export type Settings = z.output<typeof settings>;

/** The command line, then COS_* from the environment, then defaults. Throws `BadUsage`. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const given = parsed(args);
  const read = settings.safeParse({
    ...given,
    port: given.port ?? env.COS_PORT,
    host: given.host ?? env.COS_HOST,
    data: given.data ?? env.COS_DATA,
    appId: given['app-id'] ?? env.COS_APP_ID,
    buckets: given.bucket ?? env.COS_BUCKET?.split(','),
    region: given.region ?? env.COS_REGION,
    secretId: given['secret-id'] ?? env.COS_SECRET_ID,
    secretKey: given['secret-key'] ?? env.COS_SECRET_KEY,
    strictFolders: given['strict-folders'],
    refuseSame: given['refuse-same'],
    privateBuckets: given.private,
    sliceSizes: given['slice-sizes'],
    realHosts: given['real-hosts'],
    allowOrigins: given['allow-origin'],
    latencyMs: given.latency,
    clockOffsetMs: given.clock,
  });
  if (read.success) return read.data;
  throw new BadUsage(read.error.issues.map((issue) => issue.message).join('; '));
}

const word = { type: 'string' } as const;
const words = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: args.map((arg, at) => (args[at - 1] === '--clock' && arg.startsWith('-') ? ` ${arg}` : arg)),
      options: {
        ...{ port: word, host: word, data: word, 'app-id': word, bucket: words, region: word },
        ...{ 'secret-id': word, 'secret-key': word },
        ...{ 'strict-folders': flag, 'refuse-same': flag, private: flag, 'slice-sizes': word },
        ...{ 'real-hosts': flag, 'allow-origin': words, https: flag, cert: word, key: word },
        ...{ control: flag, log: word, latency: word, bandwidth: word, clock: word },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? firstSentence(error.message) : 'bad command line');
  }
}

/** How far ahead of `now` the clock runs, in ms. */
function clockOffset(moment: string, now: number): number | undefined {
  if (/^[+-]\d{1,10}$/.test(moment.trim())) return Number(moment) * 1000;
  const from = Date.parse(moment);
  return Number.isNaN(from) ? undefined : from - now;
}

const firstSentence = (message: string): string => message.split('. ')[0] ?? message;
