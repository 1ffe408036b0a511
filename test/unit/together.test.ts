import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runBatch } from '../../shared/lambda/run-batch.ts';

const never = new AbortController().signal;
const piece = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), bytes: fc.nat(120), turns: fc.nat(6) });

test('each piece is worked on once, never more at once than there is room, same names in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (drawn) => {
      const pieces = drawn.map((one, id) => ({ ...one, id }));
      const underWay = new Set<(typeof pieces)[number]>();
      const begun: (typeof pieces)[number][] = [];

      await runBatch(pieces, 100, never, async (one) => {
        expect([...underWay].map(({ name }) => name)).not.toContain(one.name);
        begun.push(one);
        underWay.add(one);
        const held = [...underWay].filter(({ bytes }) => bytes > 0);
        if (held.length > 1) expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(100);
        for (let turn = 0; turn < one.turns; turn += 1) await Promise.resolve();
        underWay.delete(one);
      });

      expect(begun.map(({ id }) => id).sort((a, b) => a - b)).toEqual(pieces.map(({ id }) => id));
      for (const name of ['a', 'b', 'c', 'd']) {
        const ofName = begun.filter((one) => one.name === name).map(({ id }) => id);
        expect(ofName).toEqual([...ofName].sort((a, b) => a - b));
      }
    }),
    { numRuns: 500 },
  );
});

test('what fits goes at once, and past what does not fit yet', async () => {
  const pieces = [
    { name: 'first', bytes: 60 },
    { name: 'large', bytes: 90 },
    { name: 'second', bytes: 40 },
    { name: 'weightless', bytes: 0 },
  ];
  const gates = new Map(pieces.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const begun: string[] = [];

  const all = runBatch(pieces, 100, never, async ({ name }) => {
    begun.push(name);
    await gates.get(name)?.promise;
  });
  const atFirst = [...begun];
  for (const gate of gates.values()) gate.resolve();
  await all;

  expect(atFirst).toEqual(['first', 'second', 'weightless']);
  expect(begun).toHaveLength(4);
});

test('in a hurry nothing waits for room any more, and what begins then knows that it is late', async () => {
  const pieces = ['first', 'second', 'third', 'third'].map((name) => ({ name, bytes: 80 }));
  const hurry = new AbortController();
  const gate = Promise.withResolvers<void>();
  const begun: [name: string, late: boolean][] = [];

  const all = runBatch(pieces, 100, hurry.signal, async ({ name }, late) => {
    begun.push([name, late]);
    if (name === 'first') await gate.promise;
  });
  const before = [...begun];
  hurry.abort();
  while (begun.length < pieces.length) await new Promise(setImmediate); // the first one still holds all the room
  gate.resolve();
  await all;

  expect(before).toEqual([['first', false]]);
  expect(begun.slice(1)).toEqual([
    ['second', true],
    ['third', true],
    ['third', true],
  ]);
});
