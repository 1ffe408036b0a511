import { expect, test } from 'vitest';
import { listReply } from '../../shared/cos/replies.ts';
import { missingSlices, planSlices } from '../../shared/slices/slices.ts';
import { planWindows } from '../../shared/slices/windows.ts';

const reply = (listparts: unknown) => ({ session: 's', filesize: 10, slice_size: 5, listparts });
const held = [
  { offset: 0, length: 5 },
  { offset: 5, length: 5 },
];

test.each([
  [
    'an array',
    [
      { offset: 0, datalen: 5 },
      { offset: 5, datalen: 5 },
    ],
  ],
  [
    'decimal strings',
    [
      { offset: '0', datalen: '5' },
      { offset: '5', datalen: '5' },
    ],
  ],
  ['the JSON of an array', '[{"offset":0,"datalen":5},{"offset":"5","datalen":5}]'],
])('a list of slices is read from %s', (_, listparts) => {
  expect(listReply.parse(reply(listparts))).toMatchObject({ listparts: held });
});

test.each([[null], [undefined], [''], ['null'], ['[]'], [[]]])('%j lists nothing', (listparts) => {
  expect(listReply.parse(reply(listparts))).toMatchObject({ listparts: [] });
});

test('a reply without a list lists nothing', () => {
  const { listparts: _, ...without } = reply(undefined);

  expect(listReply.parse(without)).toMatchObject({ listparts: [] });
});

test.each([
  ['{'],
  ['7'],
  [{}],
  [7],
  [[null]],
  [[{ offset: 0 }]],
  [[{ offset: -1, datalen: 5 }]],
  [[{ offset: 0.5, datalen: 5 }]],
  [[{ offset: '', datalen: 5 }]],
  [[{ offset: 'x', datalen: 5 }]],
])('%j is no list of slices', (listparts) => {
  expect(listReply.safeParse(reply(listparts)).success).toBe(false);
});

test('the windows of 64 GiB in slices of 512 KiB stay below what a state may hand on, with any slices missing', () => {
  const sliceSize = 524_288;
  const plan = planSlices(131_072 * sliceSize, sliceSize);
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const shapes = [[], plan.filter((_, index) => index % 2 === 0), plan.filter(() => random() < 0.5)];

  const payloads = shapes.map((some) => {
    const limits = { windowBytes: 67_108_864, maxWindows: 1_000, spread: 20 };
    return JSON.stringify(planWindows(missingSlices(plan, some), sliceSize, limits)).length;
  });

  for (const bytes of payloads) expect(bytes).toBeLessThan(200_000);
});
