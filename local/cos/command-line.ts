import { parseArgs } from 'node:util';
import * as z from 'zod';

export const USAGE = `Usage: npm run cos -- [options]

Serves the COS v4 JSON API on this machine and keeps what it is given on disk.

  --port N            port to listen on, 0 for any free one   (COS_PORT, default 9436)
  --host HOST         address to listen on                    (COS_HOST, default 127.0.0.1)
  --data DIR          where everything is kept                (COS_DATA, default .relay/cos)
  --app-id ID         the app id in addresses and signatures  (COS_APP_ID, default 1250000000)
  --bucket NAME       a bucket; may be given more than once   (COS_BUCKET, default relay)
  --secret-id ID      who may sign                            (COS_SECRET_ID, default AKIDlocal)
  --secret-key KEY    the key signatures are made with        (COS_SECRET_KEY, default for local use)
  --help              this text
`;

/** What is wrong with the command line or the environment, in one line. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage';
}

const text = (name: string) => z.string().min(1, `${name} is empty`);

const settings = z.object({
  help: z.boolean().default(false),
  port: z
    .string()
    .default('9436')
    .refine((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65535, '--port is not a port number')
    .transform(Number),
  host: text('--host').default('127.0.0.1'),
  data: text('--data').default('.relay/cos'),
  appId: z
    .string()
    .regex(/^\d{1,20}$/, '--app-id is not a number')
    .default('1250000000'),
  buckets: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, '--bucket is not a bucket name'))
    .default(['relay']),
  secretId: text('--secret-id').default('AKIDlocal'),
  secretKey: text('--secret-key').default('local-secret-key'),
});
export type Settings = z.output<typeof settings>;

/** The command line, then COS_* from the environment, then defaults. Throws `BadUsage`. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const given = parsed(args);
  const read = settings.safeParse({
    help: given.help,
    port: given.port ?? env.COS_PORT,
    host: given.host ?? env.COS_HOST,
    data: given.data ?? env.COS_DATA,
    appId: given['app-id'] ?? env.COS_APP_ID,
    buckets: given.bucket ?? env.COS_BUCKET?.split(','),
    secretId: given['secret-id'] ?? env.COS_SECRET_ID,
    secretKey: given['secret-key'] ?? env.COS_SECRET_KEY,
  });
  if (read.success) return read.data;
  throw new BadUsage(read.error.issues.map((issue) => issue.message).join('; '));
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        'app-id': { type: 'string' },
        bucket: { type: 'string', multiple: true },
        'secret-id': { type: 'string' },
        'secret-key': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? firstSentence(error.message) : 'bad command line');
  }
}

const firstSentence = (message: string): string => message.split('. ')[0] ?? message;
