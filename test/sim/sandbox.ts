import { loadConfig } from '../../shared/config.ts';
import { openPace } from '../../shared/cos/pace.ts';
import { withRetry } from '../../shared/cos/with-retry.ts';
import { CosUnavailable, SourceUnavailable } from '../../shared/errors.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import type { Machine } from '../../shared/services.ts';
import { settingsOf, type Wired } from '../../shared/wiring/wiring.ts';
import { openCosModel } from './models/cos-model.ts';
import { openSourceModel } from './models/source-model.ts';
import { openTableModel } from './models/table.ts';
import { streamOf } from './random.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

/** What DynamoDB's client throws when its own retries are over. */
class Throttled extends Error {
  override readonly name = 'ProvisionedThroughputExceededException';
  readonly $retryable = {};
}

/** What a service of AWS throws that may pass. */
class Unreachable extends Error {
  override readonly name = 'TimeoutError';
  readonly $retryable = {};
}

export const CREDENTIALS = {
  COS_SECRET_ID: 'AKIDsimulated',
  COS_SECRET_KEY: 'a-key-that-must-not-be-written-down',
};

export const configOf = (env: Readonly<Record<string, string>>) =>
  loadConfig({
    COS_REGION: 'gz',
    COS_APP_ID: '1250000000',
    COS_BUCKET: 'relay',
    TARGET_PATH: 'in/{basename}',
    SOURCE_BUCKET: 'source',
    ...CREDENTIALS,
    ...env,
  });

const unused = (): never => {
  throw new Error('a batch of a backfill uses nothing else of it');
};
const NO_JOBS: Wired['jobs'] = {
  create: unused,
  get: unused,
  replace: unused,
  list: unused,
  addTally: unused,
  tally: unused,
};
const NO_BACKFILLS: Pick<Wired, 'backfills' | 'files'> = {
  backfills: { start: unused, look: unused, setConcurrency: unused, stop: unused },
  files: { lines: unused, part: unused, write: unused },
};

/** The services of one Lambda: the models, with each operation under the scheduler. */
export function servicesOf(life: Life, world: World, scheduler: Scheduler, machine: Machine): Wired {
  const { config } = world;
  const random = streamOf(world.plan.name, 'random', life.name);
  const clock = () => Date.now() + life.skew;
  const pace = openPace({ start: 4, least: 2, most: config.MAX_IN_FLIGHT, now: () => performance.now() });
  let names = 0;
  const newId = () => {
    names += 1;
    return `${life.name}-${names}`;
  };
  const cos = openCosModel(world.cos, world.contents, async ({ name, path, asked }, effect, signal) => {
    const operation = { name, life, given: { path, ...asOne(asked) } };
    const done = await scheduler.run(operation, effect, (why) => new CosUnavailable(`COS: ${why}`), signal);
    return done.value;
  });
  const policy = { attempts: 6, baseMs: 200, capMs: 10_000, budgetMs: 30_000 };
  return {
    config,
    cos: withRetry(cos, { policy, random }),
    source: openSourceModel(world.bucket, async (name, given, effect, signal) => {
      const operation = { name, life, given };
      const unavailable = (why: string) => new SourceUnavailable(`S3: ${why}`);
      const { value, trouble } = await scheduler.run(operation, effect, unavailable, signal);
      return { value, ...(trouble.breaksAt !== undefined && { breaksAt: trouble.breaksAt }) };
    }),
    store: openTableModel(world.table, {
      clock,
      newId,
      perform: async (name, given, effect) => {
        const done = await scheduler.run({ name, life, given }, effect, (why) => new Throttled(why));
        return done.value;
      },
    }),
    ...NO_BACKFILLS,
    jobs: {
      ...NO_JOBS,
      async addTally(jobId) {
        const operation = { name: 'store.addTally', life, given: jobId };
        await scheduler.run(
          operation,
          () => undefined,
          (why) => new Throttled(why),
        );
      },
    },
    receipts: undefined,
    pace,
    settings: settingsOf(config),
    clock,
    newId,
    log: silentLog,
    observe: () => undefined,
    machine: {
      async start(name, input) {
        const begin = () => void machine.start(name, input);
        const operation = { name: 'machine.start', life, given: name };
        await scheduler.run(operation, begin, (why) => new Unreachable(why));
      },
    },
    close: async () => undefined,
  };
}

const asOne = (asked: unknown): object => (typeof asked === 'object' && asked !== null ? asked : {});
