import type { Config } from '../../shared/config.ts';
import type { Account, KeyUse } from './account.ts';
import { type Check, right, unknown, wrong } from './finding.ts';

/** Calls that everything but workers and arrivals may need at once. */
const OTHERS = 4;

/** What only the account that a stage is deployed in can tell. `arrivals` is the parameter of that name. */
export const accountChecks = (config: Config, account: Account): Check[] => [
  { name: 'events', run: () => eventsOf(config, account) },
  { name: 'regions', run: () => regionsOf(config, account) },
  { name: 'keys (KMS)', run: () => keysOf(config, account) },
  { name: 'concurrency', run: () => concurrencyOf(config, account) },
  { name: 'table', run: () => tableOf(config, account) },
];

async function eventsOf({ SOURCE_BUCKET: name }: Config, account: Account) {
  if (name === undefined) return unknown('no source bucket is configured');
  const { eventBridge } = await account.bucket(name);
  if (eventBridge) return right(`${name} tells EventBridge`);
  return wrong(
    `${name} does not tell EventBridge: no object will be relayed`,
    'turn on EventBridge in the notifications of the bucket (docs/deploy.md, 3)',
  );
}

async function regionsOf({ SOURCE_BUCKET, RECEIPTS_BUCKET }: Config, account: Account) {
  const names = [SOURCE_BUCKET, RECEIPTS_BUCKET].filter((name) => name !== undefined);
  const places = await Promise.all(names.map(async (name) => ({ name, ...(await account.bucket(name)) })));
  const away = places.filter(({ region }) => region !== account.region);
  if (away.length === 0) return right(`all in ${account.region}`);
  return wrong(
    `${away.map(({ name, region }) => `${name} is in ${region}`).join(', ')}; the stack is in ${account.region}`,
    'deploy the stack into the region of the source bucket (--region), with buckets of that region',
  );
}

async function keysOf(config: Config, account: Account) {
  const uses = await keyUses(config, account);
  const refused: string[] = [];
  for (const [name, use] of uses)
    if (!(await account.mayUse(name, use))) refused.push(`${name}: ${use.keyArn}`);
  if (refused.length > 0)
    return wrong(
      `no right to a key: ${refused.join(', ')}`,
      'deploy with sourceKeyArn, secretKeyArn, receiptsKeyArn or tableKeyArn, and let the policy of the key allow the account',
    );
  return right(uses.length === 0 ? 'no key of your own is in use' : `${uses.length} uses, all allowed`);
}

/** One function stands for all that use the same key in the same way: their roles are made alike. */
async function keyUses(config: Config, account: Account): Promise<[name: string, use: KeyUse][]> {
  const { SOURCE_BUCKET, RECEIPTS_BUCKET, COS_SECRET_NAME, TABLE_NAME } = config;
  const keyOf = async (bucket: string | undefined) =>
    bucket === undefined ? undefined : (await account.bucket(bucket)).keyArn;
  const found: [string, KeyUse['action'], KeyUse['service'], string | undefined][] = [
    ['upload-slices', 'kms:Decrypt', 's3', await keyOf(SOURCE_BUCKET)],
    ['finish-upload', 'kms:GenerateDataKey', 's3', await keyOf(RECEIPTS_BUCKET)],
    ['upload-slices', 'kms:Decrypt', 'dynamodb', (await account.table(TABLE_NAME)).keyArn],
    [
      'upload-slices',
      'kms:Decrypt',
      'secretsmanager',
      COS_SECRET_NAME === undefined ? undefined : await account.secretKey(COS_SECRET_NAME),
    ],
  ];
  return found.flatMap(([name, action, service, keyArn]) =>
    keyArn === undefined ? [] : [[name, { action, service, keyArn }]],
  );
}

async function concurrencyOf({ MAX_CONCURRENCY }: Config, account: Account) {
  const { account: limit, workers } = await account.concurrency();
  const wanted = (workers ?? MAX_CONCURRENCY) + OTHERS;
  const settings = workers === undefined ? `workers=${MAX_CONCURRENCY}` : `allWorkers=${workers}`;
  if (workers === 0)
    return wrong(
      'upload-slices may not run at all: 0 calls are reserved',
      'deploy with allWorkers of 1 or more',
    );
  if (limit >= wanted) return right(`${limit} calls at once in the account, for ${settings}`);
  return wrong(
    `${limit} calls at once in the account are too few for ${settings}`,
    'ask AWS for more (Service Quotas, Lambda, Concurrent executions), or lower workers (docs/deploy.md)',
  );
}

async function tableOf({ TABLE_NAME: name }: Config, account: Account) {
  const { active, expires, recovers } = await account.table(name);
  if (!active) return wrong(`${name} is not active`, 'wait, or look at the table in the console');
  if (!expires) return wrong(`${name} keeps records for ever: its TTL is off`, 'deploy again');
  if (!recovers) return wrong(`${name} cannot be recovered to a point in time`, 'deploy again');
  return right(`${name} is active, expires records, can be recovered`);
}
