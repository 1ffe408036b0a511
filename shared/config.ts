import * as z from 'zod';
import { BadConfig } from './errors.ts';
import { proxyProblem } from './proxy.ts';
import { integrity, onExisting, onForeignUpload, trustListed } from './records/transfer-options.ts';
import { SLICE_SIZES } from './slices/slices.ts';

const MIB = 1_048_576;
const name = z.string().min(1);
const wholeNumber = z
  .string()
  .regex(/^\d+$/, 'must be a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'is too large');
const between = (least: number, most: number, preset: number) =>
  wholeNumber
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`)
    .default(preset);
const sliceSize = wholeNumber
  .refine((value) => SLICE_SIZES.some((size) => size === value), `must be one of ${SLICE_SIZES.join(', ')}`)
  .default(MIB);
const endpoint = z
  .string()
  .regex(/^https?:\/\/[^/]+\/?$/, 'must be http://host[:port] or https://host[:port]');
/** `bucket/prefix`, comma separated; a bucket alone means all of it. */
const places = z
  .string()
  .regex(/^[^/,\s]+(\/[^,]*)?(,[^/,\s]+(\/[^,]*)?)*$/, 'must be bucket/prefix, comma separated')
  .transform((text) =>
    text.split(',').map((place) => {
      const [bucket = '', ...rest] = place.split('/');
      return { bucket, prefix: rest.join('/') };
    }),
  )
  .optional();

/** The environment of every function; the README's table says what each one means. */
const environment = z.object({
  TABLE_NAME: name.default('cos-slice-relay'),
  COS_REGION: name.regex(/^[a-z0-9-]+$/, 'must be a lower-case token such as gz, sh or sgp'),
  COS_APP_ID: name.regex(/^\d+$/, 'must be the number of the Tencent app'),
  COS_BUCKET: name.regex(/^[a-z0-9-]{1,40}$/, 'must be a bucket name without the app id'),
  COS_ENDPOINT: endpoint.optional(),
  COS_SECRET_NAME: name.optional(),
  COS_SECRET_ID: name.optional(),
  COS_SECRET_KEY: name.optional(),
  TARGET_PATH: name.default('{key}'),
  SOURCE_BUCKET: name.optional(),
  SOURCE_PREFIX: name.optional(),
  SOURCE_SUFFIX: name.optional(),
  ALLOWED_TARGETS: places,
  ALLOWED_SOURCES: places,
  API_ACCESS: z.enum(['own', 'shared']).optional(),
  ON_EXISTING: onExisting.default('skip-same'),
  ON_FOREIGN_UPLOAD: onForeignUpload.default('replace'),
  TRUST_LISTED: trustListed.default('listed'),
  INTEGRITY: integrity.default('md5'),
  DELETES: z.enum(['ignore', 'mirror']).default('ignore'),
  MAX_RECEIVES: between(1, 1_000, 10),
  SLICE_SIZE: sliceSize,
  SMALL_OBJECT_MAX: between(0, 20_000_000, 10_000_000),
  MAX_OBJECT_BYTES: between(1, 5 * 1024 * 1024 * MIB, 65_536 * MIB),
  WINDOW_BYTES: between(MIB, 16_384 * MIB, 64 * MIB),
  MAX_WINDOWS: between(1, 3_000, 80),
  MAX_CONCURRENCY: between(1, 40, 20),
  MAX_IN_FLIGHT: between(1, 64, 32),
  READ_BYTES: between(3 * MIB, 64 * MIB, 8 * MIB),
  READERS: between(1, 8, 2),
  COS_TIMEOUT_MS: between(50, 300_000, 60_000),
  COS_ATTEMPTS: between(1, 20, 6),
  S3_IDLE_TIMEOUT_MS: between(50, 120_000, 20_000),
  RETRY_BASE_MS: between(1, 10_000, 200),
  WATCH_MS: between(10, 60_000, 5_000),
  PROGRESS_MS: between(50, 900_000, 5_000),
  UPLOAD_EXPIRES_HOURS: between(1, 336, 168), // shorter than any RETENTION_DAYS: its record is there to be cancelled
  RETENTION_DAYS: between(15, 3_650, 90), // an execution may run for 14 days, and needs its records
  EGRESS_BUDGET_GB_PER_DAY: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be a number of GB, such as 500 or 0.5')
    .transform(Number)
    .refine((value) => value > 0, 'must be more than 0')
    .optional(),
  RECEIPTS_BUCKET: name.optional(),
  RECEIPTS_PREFIX: z.string().default('receipts/'),
  MACHINE_ARN: name.optional(),
  BACKFILL_MACHINE_ARN: name.optional(),
  REPORTS_BUCKET: name.optional(),
  EVENTS_QUEUE: name.optional(),
});

export type Config = z.infer<typeof environment>;

/** Reads the environment. Throws BadConfig that names every bad variable at once; never a value, it may be a secret. */
export function loadConfig(env: Environment): Config {
  const problems = configProblems(env);
  if (problems.length === 0) return environment.parse(whatIsSet(env));
  const lines = problems.map(({ variable, reason }) => `  ${variable}: ${reason}`);
  throw new BadConfig(`the environment cannot work:\n${lines.join('\n')}`);
}

type Environment = Readonly<Record<string, string | undefined>>;
export type ConfigProblem = { readonly variable: string; readonly reason: string };

/** What is wrong with an environment, one reason a variable; never a value. */
export function configProblems(env: Environment): ConfigProblem[] {
  const given = whatIsSet(env);
  const read = environment.safeParse(given);
  const problems = (read.error?.issues ?? []).map((issue) => {
    const { path, code } = issue;
    const missing = code === 'invalid_type' && !(String(path[0]) in given);
    return { variable: path.join('.'), reason: missing ? 'is not set' : reasonOf(issue) };
  });
  return [
    ...problems,
    ...keyProblem(given),
    ...(read.success ? loopProblem(read.data) : []),
    ...proxyProblem(given),
  ];
}

const reasonOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message;

const whatIsSet = (env: Environment) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));

/** The key pair has two ways in; this is no matter of one variable. */
function keyProblem(given: Readonly<Record<string, unknown>>): ConfigProblem[] {
  if ('COS_SECRET_NAME' in given || ('COS_SECRET_ID' in given && 'COS_SECRET_KEY' in given)) return [];
  const reason = 'is not set (a secret in Secrets Manager), nor are COS_SECRET_ID and COS_SECRET_KEY';
  return [{ variable: 'COS_SECRET_NAME', reason }];
}

/** Each receipt would be an object to relay, which has a receipt. */
function loopProblem({
  SOURCE_BUCKET,
  SOURCE_PREFIX = '',
  RECEIPTS_BUCKET,
  RECEIPTS_PREFIX,
}: Config): ConfigProblem[] {
  if (SOURCE_BUCKET === undefined || SOURCE_BUCKET !== RECEIPTS_BUCKET) return [];
  const overlaps = RECEIPTS_PREFIX.startsWith(SOURCE_PREFIX) || SOURCE_PREFIX.startsWith(RECEIPTS_PREFIX);
  if (!overlaps) return [];
  const reason = `receipts in ${RECEIPTS_BUCKET}/${RECEIPTS_PREFIX} would be relayed as objects of SOURCE_BUCKET ${SOURCE_BUCKET}/${SOURCE_PREFIX}`;
  return [{ variable: 'RECEIPTS_BUCKET', reason }];
}
