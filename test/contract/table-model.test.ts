import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { startDynamoDb } from '../../local/stack/dynamodb.ts';
import { openDynamoStore } from '../../shared/records/dynamo-store.ts';
import type { TransferStore, WindowRecord } from '../../shared/records/store.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { newTransfer, type Opening, toEnded } from '../../shared/records/transfer.ts';
import { OPTIONS, targetOf } from '../kit/relay-bed.ts';
import { emptyTable, openTableModel } from '../sim/models/table.ts';
import { type Stream, streamOf } from '../sim/random.ts';

const SEQUENCES = 12;
const STEPS = 40;
const NOW = Date.UTC(2026, 0, 5);

type Ask = (store: TransferStore) => Promise<unknown>;

const opening = (key: string): Opening => {
  const source = { kind: 's3', bucket: 'b', key, etag: 'e', size: 30, lastModified: 0 } as const;
  return newTransfer(source, targetOf(key), OPTIONS, NOW);
};

/** An operation on one of few names, so that conditions are met and missed alike. */
function drawAsk(draw: Stream): Ask {
  const made = opening(draw.one(['k', 'l']));
  const [name, by, session] = [draw.one(['x', 'y']), draw.one(['a', 'b']), draw.one(['s', 't'])];
  const revision = draw.whole(1, 4);
  const slice = { offset: 10 * draw.whole(0, 2), length: 10, session, attempt: 1, sliceSize: 10, size: 30 };
  const md5 = draw.one(['1', '2']).repeat(32);
  const leaseMs = draw.one([0, 50]);
  const until = NOW + draw.whole(-1_000, 1_000);
  const noted = {
    md5,
    outcome: draw.one(['confirmed', 'damaged', 'unknown'] as const),
    sends: 1,
    verified: 1,
  };
  const ended = toEnded(made, 'failed', { error: 'Any', message: 'why' });
  const owner = { transferId: by, sourceName: 's3:b/k' };
  return draw.one<Ask>([
    (store) => store.create(made),
    (store) => store.get(made.id),
    (store) => store.replace({ ...ended, revision }),
    (store) => store.getTarget(name),
    (store) => store.replaceTarget({ name, owner, active: true, orphans: [], revision }),
    (store) => store.lock({ name: `lock:${name}`, by, until }),
    (store) => store.unlock({ name: `lock:${name}`, by, until }),
    (store) => store.claimKey({ name: `key:${name}`, asked: by, transferId: by }),
    (store) => store.getKey(`key:${name}`),
    (store) => store.claimSlice(made.id, slice, md5, leaseMs),
    async (store) => {
      const claim = await store.claimSlice(made.id, slice, md5, 50);
      if (claim === 'claimed') await store.noteSlice(made.id, slice, noted);
      return claim;
    },
    async (store) => factsOf(await store.windows(made.id)),
  ]);
}

/** What a resume goes by; rows are counted in another way. */
const factsOf = (windows: readonly WindowRecord[]) =>
  windows
    .map(({ session, confirmed, damaged = [] }) => JSON.stringify({ session, confirmed, damaged }))
    .filter((text) => text.includes('offset'))
    .sort();

test(`${SEQUENCES} random sequences of operations are answered alike by the simulation's table and by DynamoDB`, async () => {
  const db = await startDynamoDb();
  onTestFinished(db.close);
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new DynamoDBClient({ endpoint: db.endpoint, region: 'us-east-1', credentials });
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const wiring = { clock: () => NOW, newId: () => 'new' };

  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
    const table = `model-${sequence}`;
    await client.send(new CreateTableCommand(tableDefinition(table)));
    const real = openDynamoStore({ documents, table, retentionDays: 1, ...wiring });
    const model = openTableModel(emptyTable(), wiring);
    const draw = streamOf('table', sequence);
    for (let step = 0; step < STEPS; step += 1) {
      const ask = drawAsk(draw);
      const [answer, modelled] = [await ask(real), await ask(model)];
      expect(modelled ?? null, `sequence ${sequence}, step ${step}: ${ask}`).toEqual(answer ?? null);
    }
  }
  client.destroy();
});
