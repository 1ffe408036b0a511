import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Words every room of ours may use. */
const WORDS = [
  'shared/errors.ts',
  'shared/time.ts',
  'shared/version.ts',
  'shared/retry.ts',
  'shared/config.ts',
  'shared/proxy.ts',
  'shared/told-error.ts',
  'shared/when-used.ts',
];

/** The floors of `shared/`, top first, with the doors of CONTRIBUTING.md: a room looks down, never up. */
const FLOORS: readonly (readonly [room: string, ...doors: string[]])[] = [
  ['lambda/http', 'lambda', 'api', 'observe', 'wiring', 'services'],
  ['lambda', 'events', 'relay', 'transfer', 'target', 'records', 'observe', 'wiring', 'services'],
  ['wiring', 'transfer', 'target', 'records', 'cos', 's3', 'slices', 'observe', 'services'],
  ['api', 'backfill', 'relay', 'worker', 'transfer', 'target', 'records', 'cos', 'slices', 'services'],
  ['backfill', 'events', 'relay', 'transfer', 'target', 'records', 'cos', 's3', 'cost', 'services'],
  ['events', 'relay', 'transfer', 'target', 'records', 'cos', 's3', 'services'],
  ['relay', 'worker', 'transfer', 'target', 'records', 'cos', 's3', 'slices', 'cost', 'services'],
  ['worker', 'target', 'records', 'cos', 's3', 'slices', 'services'],
  ['transfer', 'target', 'records', 'cos', 'services'],
  ['target', 'records', 'cos', 'slices', 'services'],
  ['services', 'records', 'cos', 's3', 'observe'],
  ['records', 'cos', 'slices'],
  ['cos', 'slices'],
  ['s3', 'slices'],
  ['observe'],
  ['slices'],
  ['cost'],
];

const OWN: readonly string[] = FLOORS.map(([room]) => `shared/${room}`);

/** The doors of the rooms beside `shared/`. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  functions: ['shared/lambda', 'shared/lambda/http', 'shared/api', 'shared/backfill', 'shared/relay'],
  ...Object.fromEntries(
    FLOORS.map(([room, ...doors]) => [`shared/${room}`, doors.map((to) => `shared/${to}`)]),
  ),
  local: [...OWN.filter((room) => room !== 'shared/cos'), 'functions'],
  tools: [...OWN.filter((room) => room !== 'shared/cos'), 'local'],
  // a fake that shares code with its subject shares its mistakes
  'local/cos': [],
  'local/s3': [],
};

const files = ['functions', 'shared', 'local', 'tools'].flatMap(sources);

test('every import goes through a door of the table', () => {
  const trespasses = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !mayLook(file, imported))
      .map((imported) => `${file} looks into ${imported}`),
  );

  expect(files.length).toBeGreaterThan(50);
  expect(trespasses).toEqual([]);
});

test('no room of shared/ looks up: each door of the table leads to a floor below', () => {
  const upward = FLOORS.flatMap(([room, ...doors], floor) =>
    doors
      .filter((door) => FLOORS.findIndex(([other]) => other === door) <= floor)
      .map((door) => `${room} → ${door}`),
  );

  expect(upward).toEqual([]);
});

test('no file imports itself by way of others', () => {
  expect(circlesIn(new Map(files.map((file) => [file, importsOf(file)])))).toEqual([]);
});

test('no room of shared/ holds more than a fifth of it', () => {
  const lines = new Map<string, number>();
  for (const file of files.filter((name) => name.startsWith('shared/')))
    lines.set(
      roomOf(file),
      (lines.get(roomOf(file)) ?? 0) + readFileSync(join(ROOT, file), 'utf8').split('\n').length,
    );
  const whole = [...lines.values()].reduce((sum, each) => sum + each, 0);

  const crowded = [...lines].filter(([, each]) => each > whole / 5);

  expect(crowded).toEqual([]);
});

test('no two files of shared/ have one name', () => {
  const names = files.filter((name) => name.startsWith('shared/')).map((name) => name.split('/').at(-1));

  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test('the table in CONTRIBUTING.md is the one that is checked', () => {
  const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');

  for (const [room, ...doors] of FLOORS) {
    const row = page
      .split('\n')
      .find((line) => line.startsWith(`| \`shared/${room}${room === 'services' ? '.ts' : '/'}\``));
    const told = [...(row?.split('|').at(-2) ?? '').matchAll(/`([\w/]+)`/g)].map(([, name]) => name);
    expect([room, told.sort()]).toEqual([room, [...doors].sort()]);
  }
});

test('the table would notice a trespass, and the walk a circle', () => {
  expect(mayLook('local/cos/endpoint.ts', 'shared/cos/signature.ts')).toBe(false);
  expect(mayLook('shared/slices/slices.ts', 'shared/relay/open-upload.ts')).toBe(false);
  expect(mayLook('shared/target/claim-target.ts', 'shared/relay/open-upload.ts')).toBe(false);
  expect(mayLook('functions/open-upload.ts', 'shared/cos/client.ts')).toBe(false);
  expect(mayLook('shared/relay/list-slices.ts', 'shared/records/store.ts')).toBe(true);
  expect(
    circlesIn(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
        ['d', ['a']],
      ]),
    ),
  ).toEqual(['a → b → c → a']);
});

function mayLook(file: string, imported: string): boolean {
  const [from, to] = [roomOf(file), roomOf(imported)];
  if (from === to) return true;
  if (WORDS.includes(imported) && from !== 'local/cos' && from !== 'local/s3') return true;
  if (WORDS.includes(file)) return to === 'shared/slices' || to === 'shared/records'; // the settings' own words
  return (DOORS[from] ?? []).includes(to) || (from === 'local' && to.startsWith('local/'));
}

function roomOf(file: string): string {
  const folder = dirname(file);
  const [top = '', next = ''] = file.split('/');
  if (top === 'functions' || top === 'tools') return top;
  if (top === 'local') return next === 'cos' || next === 's3' ? `local/${next}` : 'local';
  return folder === 'shared' ? file.replace(/\.ts$/, '') : OWN.includes(folder) ? folder : `shared/${next}`;
}

/** Each circle once, from its first file on. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of imports.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) walk(file, []);
  return found;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    relative(ROOT, join(ROOT, dirname(file), path)),
  );
}
