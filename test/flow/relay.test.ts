import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import type { Invocation } from '../../local/stack/machine.ts';
import { SOURCE_BUCKET, startStack } from '../../local/stack/stack.ts';

const MIB = 1_048_576;

test.each([
  ['makes directories by itself', false],
  ['wants them made', true],
])(
  'an object dropped into S3 arrives in a COS that %s, through every state of the machine',
  async (_, strictFolders) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'relay-'));
    const calls: Invocation[] = [];
    const logged: string[] = [];
    const keep = (message: string, fields?: object) =>
      void logged.push(JSON.stringify({ message, ...fields }));
    const stack = await startStack({
      dataDir,
      volatileTable: true,
      cos: { strictFolders },
      machine: { onInvocation: (call) => calls.push(call) },
      wiring: { log: { info: keep, warn: keep } },
    });
    const bytes = randomBytes(40 * MIB + 5);

    await stack.announce(await putFile(stack.root, { bucket: SOURCE_BUCKET, key: 'films/a b.bin' }, bytes));
    await stack.machine.idle();

    const stored = await stack.cos?.file('relay', 'films/a b.bin');
    const { transfers } = await stack.services.store.list('stored', 10);
    const said = JSON.stringify([calls, logged, transfers]);
    expect(sha1(await readFile(stored?.dataPath ?? ''))).toBe(sha1(bytes));
    expect(transfers).toMatchObject([
      {
        state: 'stored',
        attempts: 1,
        receipt: {
          how: 'sent',
          slices: { total: 41, sent: 41, alreadyHeld: 0, resent: 0, md5Verified: 41 },
          bytes: { total: bytes.length, sent: bytes.length },
          verified: { size: bytes.length },
        },
      },
    ]);
    expect(new Set(calls.map(({ state }) => state))).toEqual(
      new Set(['OpenUpload', 'ListSlices', 'UploadSlices', 'FinishUpload']),
    );
    expect(
      calls.some(
        ({ input }) => input.includes('"session"') && /[0-9a-f]{40,}/.test(JSON.parse(input).session),
      ),
    ).toBe(false);
    expect(said).not.toContain('local-secret-key');
    await stack.close();
    await rm(dataDir, { recursive: true });
  },
);

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
