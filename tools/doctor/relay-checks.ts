import { createHash, randomUUID } from 'node:crypto';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { type Check, right, wrong } from './finding.ts';

/** Below it the doctor writes, and removes, its one small file. */
const PREFIX = 'cos-slice-relay-doctor/';
/** COS refuses a signature whose time is further off, in s. */
const CLOCK_S = 300;

/** What can be asked of any relay, on AWS or on this machine: its key, its COS, its clock, its places. */
export const relayChecks = (services: Wired, keys: () => Promise<unknown>): Check[] => [
  {
    name: 'key pair',
    async run() {
      await keys();
      const { COS_SECRET_NAME: name } = services.config;
      return right(
        name === undefined ? 'in the environment' : `in the secret ${name}, readable, well-formed`,
      );
    },
  },
  { name: 'COS', run: (signal) => tryCos(services, signal) },
  { name: 'clock', run: (signal) => compareClocks(services, signal) },
  { name: 'receipts', run: async () => receiptsPlace(services) },
];

/** A small write, read and delete: all that a relay does to a file, less its slices. */
async function tryCos({ cos, config, clock }: Wired, signal: AbortSignal) {
  const { COS_REGION: region, COS_APP_ID: appId, COS_BUCKET: bucket } = config;
  const at = (path: string) => ({ region, appId, bucket, path });
  const file = at(`${PREFIX}${randomUUID()}.txt`);
  const content = Buffer.from(`cos-slice-relay doctor, ${new Date(clock()).toISOString()}\n`);
  const sha1 = createHash('sha1').update(content).digest('hex');
  const place = `bucket ${bucket} of app ${appId} in ${region}`;
  await cos.createDirectory(at(PREFIX), signal);
  try {
    const written = await cos.upload(file, { content, insertOnly: false, sha1 }, signal);
    const read = await cos.stat(file, signal);
    const isOurs = read.kind === 'file' && read.size === content.length && read.sha1 === sha1;
    if (written.kind === 'stored' && isOurs)
      return right(`${place}: wrote, read and removed ${content.length} bytes`);
    return wrong(`${place} does not hold what was written`, 'look at the bucket in the console of Tencent');
  } finally {
    await cos.remove(file, signal);
  }
}

async function compareClocks({ config, clock }: Wired, signal: AbortSignal) {
  const origin = config.COS_ENDPOINT ?? `https://${config.COS_REGION}.file.myqcloud.com`;
  const answer = await fetch(origin, { method: 'HEAD', signal });
  const theirs = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return right('COS tells no time');
  const offS = Math.round((clock() - theirs) / 1_000);
  if (Math.abs(offS) < CLOCK_S) return right(`${Math.abs(offS)} s from that of COS`);
  return wrong(
    `${Math.abs(offS)} s ${offS > 0 ? 'ahead of' : 'behind'} that of COS`,
    'set the clock of this machine',
  );
}

/** A receipt below the source would be an object of the source. */
function receiptsPlace({ config }: Wired) {
  const { RECEIPTS_BUCKET: bucket, RECEIPTS_PREFIX: prefix, SOURCE_BUCKET: source } = config;
  if (bucket === undefined) return right('in the table only');
  if (bucket !== source) return right(`s3://${bucket}/${prefix}, apart from the source`);
  return wrong(
    `s3://${bucket}/${prefix} is in the source bucket`,
    'set receiptsBucket to another bucket, or let sourcePrefix leave receiptsPrefix out',
  );
}
