import { expect, test } from 'vitest';
import { column, printable, shortened, widthOf, wrapped } from '../../local/terminal/columns.ts';
import { fitTable } from '../../local/terminal/fit-table.ts';
import { COLUMNS, PRIORITY } from '../../tools/receipt-rows.ts';

const TABLE = {
  names: COLUMNS,
  priority: PRIORITY,
  elastic: new Set(['source', 'target', 'reason', 'transfer']),
};
const VALUES: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  at: '2026-11-25T15:55:23.000Z',
  state: 'stored',
  how: 'sent',
  source: `s3://source/${'films/'.repeat(12)}报告-final.mov`,
  target: `cos://gz/relay/${'films/'.repeat(12)}报告-final.mov`,
  bytes: '5497558138880',
  slices: '5242880+0',
  resent: '0',
  proof: 'size, md5 5242880',
  seconds: '86400.0',
  transfer: 'c'.repeat(40),
  reason: 'SourceChanged: the object changed after the relay began',
  dollars: '0.098342',
};
const ROW = COLUMNS.map((name) => VALUES[name]);

test('receipts fit every terminal from 40 to 200 columns, and each tells source and state', () => {
  for (let room = 40; room <= 200; room += 1) {
    const { lines, leftOut } = fitTable(TABLE, [ROW], room);
    const [head = '', row = ''] = lines;

    expect([room, lines.every((line) => widthOf(line) <= room)]).toEqual([room, true]);
    expect(row).toContain('stored');
    expect(row).toMatch(/s3:.*….*\.mov/);
    expect([...head.split(/ +/), ...leftOut].sort()).toEqual([...COLUMNS].sort());
  }
});

test('where there is room for all, nothing is cut and nothing left out', () => {
  const { lines, leftOut } = fitTable(TABLE, [ROW], Infinity);

  for (const value of ROW) expect(lines[1]).toContain(value);
  expect(leftOut).toEqual([]);
});

test('a column that is empty in every row takes no room', () => {
  const { lines, leftOut } = fitTable(
    TABLE,
    [ROW.map((value, at) => (COLUMNS[at] === 'reason' ? '' : value))],
    200,
  );

  expect(lines[0]).not.toContain('reason');
  expect(leftOut).not.toContain('reason');
});

test.each([
  ['abcdefghij', 5, 'ab…ij'],
  ['abcdefghij', 10, 'abcdefghij'],
  ['报告报告报告', 6, '报…告'],
  ['a', 1, 'a'],
])('%s in %i cells is %s', (text, cells, short) => {
  expect(shortened(text, cells)).toBe(short);
  expect(widthOf(column(text, cells))).toBe(cells);
});

test('a long sentence is broken between words, a long word where it must be', () => {
  expect(wrapped('the object changed after it began', 12)).toEqual([
    'the object',
    'changed',
    'after it',
    'began',
  ]);
  expect(wrapped('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  expect(printable('a\nb')).toBe('a\\x0ab');
});
