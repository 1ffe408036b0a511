import { expect, test } from 'vitest';
import { measureAll } from '../../bench/measure-all.ts';
import { tableOf } from '../../bench/table.ts';

test('a point of the bench that fails is told in the table, and the points after it are measured', async () => {
  const broken = () => Promise.reject(new Error('COS holds other bytes\n  of run-1.bin'));
  const whole = async () => [{ point: 'plan', what: 'slices', value: 7, unit: 'ms' }];
  const said: string[] = [];

  const { measured, failed } = await measureAll(
    [
      ['pace', broken],
      ['plan', whole],
    ],
    { quick: true, say: (line) => said.push(line) },
  );

  expect(failed).toBe(1);
  expect(tableOf(measured)).toMatch(/slices +│ +7\.00 ms/);
  expect(tableOf(measured)).toContain('pace: failed: COS holds other bytes\n');
  expect(said).toContain('2 of 2: plan');
});
