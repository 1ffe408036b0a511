import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import { targetName } from '../../shared/cos/target.ts';
import * as errors from '../../shared/errors.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import { newTransfer, toSending } from '../../shared/records/transfer.ts';
import { listSlices } from '../../shared/relay/list-slices.ts';
import type { Services } from '../../shared/services.ts';
import { planSlices } from '../../shared/slices/slices.ts';
import { slicesOf } from '../../shared/slices/windows.ts';
import { changeTarget } from '../../shared/target/change-target.ts';
import { ownerOf } from '../../shared/target/claim-order.ts';
import { claimed } from '../../shared/target/hold-transitions.ts';
import { sessionOpened } from '../../shared/target/upload-transitions.ts';
import { settingsOf } from '../../shared/wiring/wiring.ts';
import { OPTIONS } from '../kit/relay-bed.ts';
import { emptyTable, openTableModel } from '../sim/models/table.ts';
import { configOf } from '../sim/sandbox.ts';

const SLICE = 524_288;
const SIZE = 4 * SLICE + 7;
const PLAN = planSlices(SIZE, SLICE);
const NOW = 1_000_000;
const SESSION = 'the-session';
const NAMES: ReadonlySet<string> = new Set(Object.keys(errors));
const config = configOf({ SLICE_SIZE: String(SLICE) });
const path = { region: 'gz', appId: '1250000000', bucket: 'relay', path: 'film.bin' };
const never = new AbortController().signal;

const inPlan = fc.constantFrom(...PLAN).map(({ offset, length }) => ({ offset, datalen: length }));
const oddNumber = fc.oneof(
  fc.constantFrom(0, 1, SLICE, SLICE - 1, SLICE + 1, 2 * SLICE, SIZE, SIZE - 7, 2 ** 53, -SLICE, 0.5),
  fc.constantFrom(`${SLICE}`, '', ' ', '-1', '0x10', '1e3', null, true),
);
const oddSlice = fc.oneof(
  fc.record({ offset: oddNumber, datalen: oddNumber }),
  inPlan.map(({ offset }) => ({ offset, datalen: 1 })), // of another size
  inPlan.map(({ offset, datalen }) => ({ offset: offset + 1, datalen })), // across two
  inPlan.map(({ offset }) => ({ offset, datalen: 2 * SLICE })), // over the next
  inPlan.map(({ offset, datalen }) => ({ offset: offset + 8 * SLICE, datalen })), // beyond the file
);
const slices = fc.array(
  fc.oneof({ weight: 4, arbitrary: inPlan }, { weight: 1, arbitrary: oddSlice }),
  { maxLength: 12 }, // so that some come twice
);
const list = fc.record({
  session: fc.oneof({ weight: 5, arbitrary: fc.constant(SESSION) }, fc.constantFrom('another', '', 7)),
  filesize: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>(SIZE) }, oddNumber),
  slice_size: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>(SLICE) }, oddNumber),
  listparts: fc.oneof(
    { weight: 5, arbitrary: slices as fc.Arbitrary<unknown> },
    fc.jsonValue({ maxDepth: 2 }),
  ),
});

test('whatever COS lists, what is sent is of the plan, and no slice counts as held that is not listed with its length', {
  timeout: 60_000,
}, async () => {
  const kinds = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(list, async (data) => {
      const { services, id } = await sending(JSON.stringify({ code: 0, message: '', data }));
      const outcome = await listSlices(
        { transferId: id, reopens: 0, round: 0, gaps: 0, windowsUsed: 0 },
        services,
        { stop: never, signal: never },
      ).catch((error: Error) => error);
      const kind = outcome instanceof Error ? outcome.name : outcome.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (outcome instanceof Error) return void expect(NAMES).toContain(outcome.name);
      if (outcome.kind !== 'missing' && outcome.kind !== 'complete') return;

      const sent = 'windows' in outcome ? outcome.windows.flatMap((one) => slicesOf(one, SIZE, SLICE)) : [];
      const parts = (data.listparts ?? []) as readonly { offset: unknown; datalen: unknown }[];
      const isListed = ({ offset, length }: (typeof PLAN)[number]) =>
        parts.some((part) => Number(part.offset) === offset && Number(part.datalen) === length);
      const held = PLAN.filter(({ offset }) => !sent.some((slice) => slice.offset === offset));
      expect(held.filter((slice) => !isListed(slice))).toEqual([]);
      expect(PLAN).toEqual(expect.arrayContaining(sent));
      expect(new Set(sent.map(({ offset }) => offset)).size).toBe(sent.length);
      expect(outcome.kind === 'complete').toBe(sent.length === 0);
    }),
    { numRuns: 1_000 },
  );
  for (const kind of ['missing', 'complete', 'reopen', 'CosRefused'])
    expect(kinds.has(kind) && kind).toBe(kind);
});

/** A transfer with an open session, whose list is this text. */
async function sending(text: string): Promise<{ services: Services; id: string }> {
  const keys = { get: async () => ({ secretId: 'AKIDz', secretKey: 'key' }), refresh: async () => false };
  const send = async () => ({ status: 200, date: undefined, requestId: 'r', text });
  const transport = { send, close: async () => undefined };
  const services = {
    cos: openHttpClient({ transport, keys, clock: () => NOW, random: () => 0.5 }),
    store: openTableModel(emptyTable(), { clock: () => NOW, newId: () => 'id' }),
    settings: settingsOf(config),
    clock: () => NOW,
    newId: () => 'id',
    log: silentLog,
    observe: () => undefined,
  } as unknown as Services; // a list reads no source
  const source = { kind: 's3', bucket: 'b', key: 'k', etag: 'e', size: SIZE, lastModified: 0 } as const;
  const opening = newTransfer(source, path, { ...OPTIONS, sliceSize: SLICE }, NOW);
  const facts = { session: SESSION, sliceSize: SLICE, serial: false };
  await services.store.create(opening);
  await services.store.replace({ ...toSending(opening, facts, NOW), revision: 2 });
  const name = targetName(path);
  await changeTarget(services, name, claimed({ owner: ownerOf(opening.id, source) }, name, NOW));
  const opened = { ...facts, transferId: opening.id, attempt: 0, size: SIZE, instead: undefined, at: NOW };
  await changeTarget(services, name, sessionOpened(opened));
  return { services, id: opening.id };
}
