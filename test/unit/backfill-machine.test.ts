import { existsSync } from 'node:fs';
import { join } from 'node:path';
import validate from 'asl-validator';
import { expect, test } from 'vitest';
import { functionsIn } from '../../local/stack/backfill-flow.ts';
import { readDefinition, taskStates } from '../../local/stack/machine.ts';

const ROOT = join(import.meta.dirname, '../..');
const definition = await readDefinition('backfill');

test('the machine of backfills is valid Amazon States Language', () => {
  const { isValid, errorsText } = validate(definition);

  expect(errorsText()).toBe('');
  expect(isValid).toBe(true);
});

test('every function of a backfill is there, and whatever else a task asks is known', () => {
  const functions = functionsIn(definition);
  const others = taskStates(definition).filter((state) => !functions.some(([known]) => known === state));

  expect([...new Set(functions.map(([, name]) => name))].sort()).toEqual([
    'carry-batch',
    'gather-left',
    'report-backfill',
    'settle-batch',
  ]);
  for (const [, name] of functions)
    expect([name, existsSync(join(ROOT, 'functions', `${name}.ts`))]).toEqual([name, true]);
  expect(others).toEqual(['Relay', 'TellEvents', 'TellTopic']);
});

test('whatever breaks a map leads to the report', () => {
  const maps = Object.values(definition.States).filter(({ Type }) => Type === 'Map');

  expect(maps).toHaveLength(5);
  for (const map of maps)
    expect(map).toMatchObject({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'ReportBackfill' }] });
});
