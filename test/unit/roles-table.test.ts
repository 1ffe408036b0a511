import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { widthOf } from '../../local/terminal/columns.ts';
import { readDeclared } from '../../tools/roles/declared.ts';
import { layOut } from '../../tools/roles/lay-out.ts';
import { rightsOf } from '../../tools/roles/rights.ts';
import { runCommand, runHere } from '../kit/command.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Actions that stand for several, by whom: none. */
const WIDE_ACTIONS: readonly string[] = [];
/** What knows no resources (infra/roles.yml says so). */
const ON_ANYTHING = /^xray$|^logs$/;

const rights = rightsOf(await readDeclared());

test('every function has a role in the table, and nobody else but the machines, the schedule and EventBridge', () => {
  const functions = readdirSync(join(ROOT, 'functions')).filter((name) => name.endsWith('.ts'));

  const who = [...new Set(rights.map((right) => right.who))];

  expect(who.sort()).toEqual(
    [
      ...functions.map((name) => name.replace('.ts', '')),
      'BackfillRole (states)',
      'BackfillScheduleRole (scheduler)',
      'RelayRole (states)',
      'events.amazonaws.com',
    ].sort(),
  );
});

test('no action stands for several, and only logs and traces stand on any resource', () => {
  const wide = rights.flatMap(({ who, service, actions }) =>
    actions.filter((action) => /[*?]/.test(action)).map((action) => `${who} ${service}:${action}`),
  );
  const anywhere = rights.filter(({ resources }) => resources.includes('*')).map(({ service }) => service);

  expect(wide).toEqual(WIDE_ACTIONS);
  expect(anywhere.filter((service) => !ON_ANYTHING.test(service))).toEqual([]);
  expect(rights.filter(({ resources }) => resources.length === 0)).toEqual([]);
});

test('a key stands with the parameter that brings it and the one service it may be used by', () => {
  const keys = rights.filter(({ who, service }) => who === 'finish-upload' && service === 'kms');

  expect(keys.map(({ resources, conditions }) => [...resources, ...conditions])).toEqual([
    ['<tableKeyArn>', 'if HasTableKey', 'kms:ViaService = dynamodb'],
    ['<secretKeyArn>', 'if HasSecretKey', 'kms:ViaService = secretsmanager'],
    ['<receiptsKeyArn>', 'if HasReceiptsKey', 'kms:ViaService = s3'],
  ]);
});

test('the table fits 80 columns and more, and tells every action and resource', () => {
  for (const room of [80, 81, 120, 200]) {
    const lines = layOut(rights, room);

    expect(lines.filter((line) => widthOf(line) > room)).toEqual([]);
    const told = lines.join('');
    const whole = rights.flatMap(({ actions }) => actions.filter((action) => action.length <= COLUMN));
    expect(whole.filter((action) => !told.includes(action))).toEqual([]);
    expect(lines.join('\n')).not.toContain('undefined');
  }
});
/** What has room in a column of the narrowest table stands in one line. */
const COLUMN = 20;

test('the command prints what a program reads on stdout, and refuses what is no template', async () => {
  const [json, refused] = await Promise.all([
    runCommand('tools/roles/main.ts', ['--json']),
    runHere('tools/roles/main.ts', [join(ROOT, 'package.json')]),
  ]);

  const rows = json.stdout.split('\n').filter(Boolean);
  expect(json.code).toBe(0);
  expect(rows.map((row) => JSON.parse(row))).toEqual(rights);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('is no template');
});

test('a right that is denied, or written in another way, is not passed over', async () => {
  const declared = await readDeclared();
  const { Properties, ...rest } = declared.resources.QueuePolicy ?? { Type: 'none', Properties: {} };
  const denied = JSON.parse(JSON.stringify(Properties).replace('"Allow"', '"Deny"'));

  const read = () => rightsOf({ ...declared, resources: { QueuePolicy: { ...rest, Properties: denied } } });

  expect(read).toThrow(/QueuePolicy is written in a way/);
});
