import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { localContext } from '../../local/stack/machine.ts';
import { LOCAL_COS, SOURCE_BUCKET, type Stack, startStack } from '../../local/stack/stack.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { type Wired, withServices } from '../../shared/wiring/wiring.ts';
import { drawFrom } from '../campaign/draw.ts';
import { mortal } from '../kit/mortal.ts';
import { tempDir } from '../kit/temp-dir.ts';
import { type S3Event, startVersionedS3, type VersionedS3 } from '../kit/versioned-s3.ts';
import { carryListing } from './listing.ts';
import { type OrderCase, planOrderCase, withListings } from './plan.ts';

export type OrderOptions = {
  readonly seed: number;
  readonly cases: readonly number[];
  /** Backfills name the object meanwhile. */
  readonly listings?: boolean;
  /** Cases played at once. */
  readonly together: number;
};

export type OrderResult = {
  readonly index: number;
  readonly violations: readonly string[];
  readonly kinds: string;
};

type World = {
  readonly s3: VersionedS3;
  readonly stack: Stack;
  /** The ids of the transfers that were written down, by key. */
  readonly made: ReadonlyMap<string, ReadonlySet<string>>;
  services(): Wired;
};

const SMALL_MAX = 300_000;
/** What changes COS: a newer version may pass by while such a request is held up. */
const DECISIVE = ['cos.upload', 'cos.open', 'cos.finish', 'cos.remove', 'cos.update'];
/** SQS would wait minutes before a message comes again. */
const REDELIVER_MS = 15;
const REDELIVERIES = 400;

/** Plays every case in its world: one that mirrors deletions, one that ignores them. */
export async function runOrderCampaign({
  seed,
  cases,
  together,
  listings,
}: OrderOptions): Promise<OrderResult[]> {
  const results: OrderResult[] = [];
  const planned = (index: number): OrderCase => {
    const plan = planOrderCase(seed, index);
    return listings ? withListings(plan, seed) : plan;
  };
  for (const mirror of [false, true]) {
    const mine = cases.map(planned).filter((plan) => plan.mirror === mirror);
    if (mine.length === 0) continue;
    const world = await openWorld(mirror, seed);
    try {
      const left = mine.values();
      const player = async () => {
        for (const plan of left) results.push(await play(plan, world));
      };
      await Promise.all(Array.from({ length: together }, player));
    } finally {
      await world.close();
    }
  }
  return results.sort((a, b) => a.index - b.index);
}

async function openWorld(mirror: boolean, seed: number) {
  const dir = await tempDir('order');
  const s3 = await startVersionedS3(SOURCE_BUCKET);
  const shake = drawFrom(seed, -1);
  // the moments between two operations are where order goes wrong: some of them last
  const pause = async (name: string) => {
    if (DECISIVE.includes(name) && shake.chance(0.3)) await sleep(shake.whole(10, 90));
    else if (shake.chance(0.15)) await sleep(shake.whole(0, 8));
  };
  const made = new Map<string, Set<string>>();
  const services = (): Wired =>
    mortal(stack.services, {
      async before({ name, given }) {
        if (name === 'store.create') note(given[0] as Transfer); // the contract's one argument
        await pause(name);
      },
      after: ({ name }) => pause(name),
    }).services;
  const note = ({ id, source }: Transfer) =>
    made.set(source.key, (made.get(source.key) ?? new Set()).add(id));
  const stack: Stack = await startStack({
    dataDir: dir.path,
    volatileTable: true,
    env: {
      AWS_ENDPOINT_URL_S3: s3.origin,
      DELETES: mirror ? 'mirror' : 'ignore',
      SLICE_SIZE: '524288',
      SMALL_OBJECT_MAX: String(SMALL_MAX),
      RETRY_BASE_MS: '1',
      WATCH_MS: '20',
      MAX_RECEIVES: '1000',
    },
    machine: { pauseMs: 40, meddle: (_, work) => work(services()) },
  });
  return {
    s3,
    stack,
    made,
    services,
    async close() {
      await stack.close();
      await s3.close();
      await dir.remove();
    },
  };
}

async function play(plan: OrderCase, world: World): Promise<OrderResult> {
  const { s3 } = world;
  const { key, versioned } = plan;
  const events: (S3Event | undefined)[] = [];
  const deliveries: Promise<void>[] = [];
  for (const { act, afterMs } of plan.acts) {
    if (afterMs > 0) await sleep(afterMs);
    switch (act.kind) {
      case 'put':
        events.push(s3.put(key, act.content, { versioned }));
        break;
      case 'remove':
        events.push(s3.remove(key, { versioned }));
        break;
      case 'destroy':
        events.push(s3.destroy(key, act.fromNewest));
        break;
      case 'list':
        deliveries.push(carryListing(key, world).then(() => undefined));
        break;
      case 'deliver':
        deliveries.push(
          deliver(
            act.changes.map((change) => events[change]).filter((one) => one !== undefined),
            world,
          ),
        );
    }
  }
  const outcomes = await Promise.allSettled(deliveries);
  await executionsOf(key, world);
  const lost = outcomes.flatMap((one) =>
    one.status === 'rejected' ? [`an event or a listing was given up: ${one.reason}`] : [],
  );
  return {
    index: plan.index,
    violations: [...lost, ...(await judge(plan, world))],
    kinds: plan.acts.map(({ act }) => act.kind[0]).join(''),
  };
}

/** As SQS does: what failed comes again. */
async function deliver(events: readonly S3Event[], { services }: World): Promise<void> {
  const { handler } = await import('../../functions/object-created.ts');
  let left = events.map((event, index) => ({ messageId: `m${index}`, body: JSON.stringify(event) }));
  for (let receives = 1; left.length > 0; receives += 1) {
    if (receives > REDELIVERIES) throw new Error(`${REDELIVERIES} deliveries were not enough`);
    if (receives > 1) await sleep(REDELIVER_MS);
    const attributes = { ApproximateReceiveCount: String(receives) };
    const Records = left.map((message) => ({ ...message, attributes }));
    const context = localContext('object-created', 60_000);
    const answer = await withServices(services(), () => handler({ Records }, context));
    const failed = answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) ?? [];
    left = left.filter(({ messageId }) => failed.includes(messageId));
  }
}

const transfersOf = async (key: string, { stack, made }: World): Promise<Transfer[]> => {
  const all = await Promise.all([...(made.get(key) ?? [])].map((id) => stack.services.store.get(id)));
  return all.filter((one) => one !== undefined);
};

/** Waits for the executions of this object only: other cases run on. */
async function executionsOf(key: string, world: World): Promise<void> {
  for (const { id } of await transfersOf(key, world)) {
    for (const { name, ended } of world.stack.machine.executions.values()) {
      if (name.startsWith(id)) await ended;
    }
  }
}

async function judge({ key }: OrderCase, world: World): Promise<string[]> {
  const { s3, stack } = world;
  const violations: string[] = [];
  const newest = s3.current(key);
  const file = await stack.cos?.file(LOCAL_COS.COS_BUCKET, key);
  const held = file && sha1(await readFile(file.dataPath));
  const wanted = newest && sha1(newest);
  if (held !== wanted) violations.push(`COS holds ${held ?? 'nothing'}, S3 ${wanted ?? 'nothing'}`);
  for (const transfer of await transfersOf(key, world)) {
    if (transfer.state === 'stored' || transfer.state === 'superseded') continue;
    // the history deleted the object while it was relayed: that fails by name
    if (transfer.state === 'failed' && transfer.reason.error === 'SourceMissing') continue;
    violations.push(`transfer ${transfer.id} is ${transfer.state}`);
  }
  return violations;
}

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
