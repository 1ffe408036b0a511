import { createHash } from 'node:crypto';
import { readFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { putFile } from '../../local/s3/drop.ts';
import { SOURCE_BUCKET, startStack } from '../../local/stack.ts';

test('an object dropped into S3 arrives in COS through sliced upload', async () => {
  const stack = await startStack({
    dataDir: await mkdtemp(join(tmpdir(), 'relay-')),
    volatileTable: true,
    machine: { onInvocation: (i) => console.log(i.state, i.input.slice(0, 300), '->', i.output?.slice(0, 300), i.error) },
    wiring: { log: { info: console.log, warn: console.log } },
  });
  const bytes = Buffer.alloc(40 * 1_048_576 + 5, 'relay of bytes ');
  const dropped = await putFile(stack.root, SOURCE_BUCKET, 'films/a b.bin', bytes);
  const t0 = performance.now();
  await stack.announce(dropped);
  await stack.machine.idle();
  console.log('took', performance.now() - t0);
  const file = await stack.cos?.file('relay', 'films/a b.bin');
  const held = await readFile(file?.dataPath ?? '');
  expect(createHash('sha1').update(held).digest('hex')).toBe(createHash('sha1').update(bytes).digest('hex'));
  const { transfers } = await stack.parts.store.list('stored', 10);
  console.log(JSON.stringify(transfers, null, 1));
  await stack.close();
});
