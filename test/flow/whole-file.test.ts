import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openChainHash, uploadParts } from '../../shared/cos/sha1-chain.ts';
import { hashInput, hashSource } from '../../shared/relay/hash-source.ts';
import { planSlices } from '../../shared/slices/slices.ts';
import { type EventBed, openEventBed, targetOf } from '../kit/event-bed.ts';
import { bytesOf, outsider, sha1 } from '../kit/relay-bed.ts';

const MIB = 1_048_576;

async function open(options: Parameters<typeof openEventBed>[0] = {}): Promise<EventBed> {
  const bed = await openEventBed({ ...options, env: { INTEGRITY: 'sha1', ...options?.env } });
  onTestFinished(bed.close);
  return bed;
}

async function relay(bed: EventBed, key: string, content: Uint8Array, checksumSHA1?: string) {
  const object = await bed.put(key, content, checksumSHA1 === undefined ? undefined : { checksumSHA1 });
  await bed.announce(object);
  await bed.machine.idle();
  const transfer = await bed.transferOf(object);
  return { object, transfer, receipt: transfer?.state === 'stored' ? transfer.receipt : undefined };
}

test.each([
  ['a short last slice', 3 * MIB + 12_345],
  ['whole slices only', 3 * MIB],
  ['a last slice of one byte', 2 * MIB + 1],
])('COS accepts the chain of a file with %s and checks the whole', async (_, size) => {
  const bed = await open();
  const content = bytesOf(`chain ${size}`, size);

  const { receipt } = await relay(bed, 'chained.bin', content);

  expect(await bed.stored('chained.bin')).toEqual(content);
  expect(receipt?.verified).toEqual({ size, sha1: sha1(content), sha1Matches: true });
});

test('an instant upload moves no slice', async () => {
  const bed = await open();
  const content = bytesOf('known', 2 * MIB);
  await relay(bed, 'first.bin', content);

  const { receipt } = await relay(bed, 'copy/second.bin', content);

  expect(receipt).toMatchObject({ how: 'instant', bytes: { sent: 0 }, verified: { sha1Matches: true } });
  expect(await bed.stored('copy/second.bin')).toEqual(content);
  expect(bed.ops('copy/second.bin')).not.toContain('upload_slice_data');
});

test('the pass over the source takes as many calls as it needs and goes on where it saved', async () => {
  let timeIsUp = new AbortController();
  const bed = await open({
    machine: {
      meddle: (state, work, input) => {
        if (state !== 'HashSource') return work();
        timeIsUp = new AbortController();
        return hashSource(hashInput.parse(JSON.parse(input)), bed.services, {
          stop: timeIsUp.signal,
          signal: new AbortController().signal,
        });
      },
    },
  });
  const content = bytesOf('slow', 3 * MIB);
  const object = await bed.put('slow.bin', content);
  const begun: number[] = [];
  const { source, cos } = bed.services;
  const sent: string[] = [];
  // two slices and a half come, then nothing, and the call's time is up
  Object.assign(bed.services, {
    cos: {
      ...cos,
      open: (...given: Parameters<typeof cos.open>) => {
        sent.push(given[1].whole?.uploadParts ?? 'none');
        return cos.open(...given);
      },
    },
    source: {
      ...source,
      async *read(...[pinned, range, signal, memory]: Parameters<typeof source.read>) {
        begun.push(range.offset);
        const isPass = sent.length === 0; // whoever sends afterwards gets all that it asks for
        const length = isPass ? Math.min(range.length, 2.5 * 524_288) : range.length;
        yield* source.read(pinned, { ...range, length }, signal, memory);
        if (length === range.length) return;
        timeIsUp.abort();
        signal.throwIfAborted();
      },
    },
  });

  await bed.announce(object);
  await bed.machine.idle();

  expect(begun.slice(0, 3)).toEqual([0, MIB, 2 * MIB]);
  expect(sent).toEqual([await chainOf(content, 524_288)]); // as if it had been one pass
  expect(await bed.stored('slow.bin')).toEqual(content);
  expect((await bed.transferOf(object))?.state).toBe('stored');
});

async function chainOf(content: Uint8Array, sliceSize: number): Promise<string> {
  const slices = planSlices(content.length, sliceSize);
  const hash = await openChainHash();
  const states = slices.map(({ offset, length }) => {
    hash.update(content.subarray(offset, offset + length));
    return hash.state();
  });
  return uploadParts(slices, Buffer.concat(states), hash.digest());
}

test('a refused slice size has the chain made again in slices every region takes', async () => {
  const bed = await open({ cos: { sliceSizes: [MIB] } });
  const content = bytesOf('recut', 3 * MIB + 99);

  const { receipt } = await relay(bed, 'recut.bin', content);

  expect(receipt).toMatchObject({ sliceSize: MIB, verified: { sha1Matches: true } });
  expect(await bed.stored('recut.bin')).toEqual(content);
});

test('bytes that are not what S3 says they are never reach COS', async () => {
  const bed = await open();
  const wrong = createHash('sha1').update('something else').digest('base64');

  const { transfer } = await relay(bed, 'rotten.bin', bytesOf('rotten', 2 * MIB), wrong);

  expect(transfer).toMatchObject({ state: 'failed', reason: { error: 'NotIdentical' } });
  expect(bed.ops('rotten.bin')).not.toContain('upload_slice_init');
});

test("S3's own SHA-1 is compared with the one COS states, without a pass", async () => {
  const bed = await open({ env: { INTEGRITY: 'md5' } });
  const content = bytesOf('stated', 2 * MIB);
  const client = outsider(bed.cos ?? never());
  await client.upload(
    targetOf('stated.bin'),
    { content, insertOnly: true, sha1: sha1(content) },
    AbortSignal.timeout(60_000),
  );
  await client.close();

  const { receipt } = await relay(
    bed,
    'stated.bin',
    content,
    Buffer.from(sha1(content), 'hex').toString('base64'),
  );

  expect(receipt).toMatchObject({ how: 'skipped', verified: { sha1: sha1(content), sha1Matches: true } });
});

test('integrity md5 makes no pass', async () => {
  const states: string[] = [];
  const bed = await open({
    env: { INTEGRITY: 'md5' },
    machine: { onInvocation: ({ state }) => void states.push(state) },
  });

  const { receipt } = await relay(bed, 'plain.bin', bytesOf('plain', 2 * MIB));

  expect(states).not.toContain('HashSource');
  expect(receipt?.slices).toMatchObject({ total: 4, md5Verified: 4 });
});

const never = (): never => {
  throw new Error('this bed has a COS of its own');
};
