import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleYardstick, makeBundles } from '../bundles.ts';
import { alternate, type Figure, type How, type Measured, median } from '../figures.ts';

const POINT = 'cold start';
const run = promisify(execFile);
/** Where the SDK is found from. */
const ROOT = join(import.meta.dirname, '../..');
const YARDSTICK = 'client-dynamodb alone';
/** A bundle's bytes, in kB, and its import as a multiple of the yardstick's. */
const GOALS = { kB: 1_500, times: 1.2 };
/** A quick run loads these: the worker, what an event starts, and a page's call. */
const TIMED_QUICKLY = ['upload-slices', 'object-created', 'api-get-transfer'];

/**
 * How large each deployed function is, and how much processor time Node takes to load it, beside DynamoDB's client bundled alone.
 * Of the time on a clock a machine with other work on it makes a lottery.
 */
export async function coldStart({ quick, say }: How): Promise<Measured> {
  const after = await makeBundles();
  const before = quick ? [] : await makeBundles('plain');
  const timed = after.filter(({ name }) => !quick || TIMED_QUICKLY.includes(name));
  const modules = {
    [YARDSTICK]: await bundleYardstick(),
    ...Object.fromEntries(timed.map(({ name, path }) => [name, path])),
  };
  const loads = Object.entries(modules).map(([name, module]) => [name, () => loadCpuMs(module)] as const);
  const took = await alternate(quick ? 3 : 9, Object.fromEntries(loads));
  const ms = (name: string) => median(took[name] ?? []);

  const figures: Figure[] = [
    { point: POINT, what: `${YARDSTICK}, import`, value: ms(YARDSTICK), unit: 'ms' },
  ];
  say(`${YARDSTICK}: import ${ms(YARDSTICK).toFixed(0)} ms`);
  for (const { name, bytes } of after) {
    const plain = before.find((bundle) => bundle.name === name);
    say(`${name}: ${kB(bytes)} kB${plain ? `, ${kB(plain.bytes)} kB before` : ''}`);
    const what = `${name}, bundle`;
    figures.push({ point: POINT, what, value: kB(bytes), unit: 'kB', goal: { atMost: GOALS.kB } });
  }
  for (const { name } of timed) {
    const times = ms(name) / ms(YARDSTICK);
    say(`${name}: import ${ms(name).toFixed(0)} ms, ${times.toFixed(2)} ×`);
    const what = `${name}, import`;
    figures.push({ point: POINT, what, value: times, unit: '× alone', goal: { atMost: GOALS.times } });
  }
  return figures;
}

const kB = (bytes: number): number => Math.round(bytes / 1_000);

async function loadCpuMs(module: string): Promise<number> {
  const script = `const from = process.cpuUsage();
    require(${JSON.stringify(module)});
    const { user, system } = process.cpuUsage(from);
    console.log((user + system) / 1_000);`;
  const { stdout } = await run(process.execPath, ['--eval', script], { cwd: ROOT });
  return Number(stdout);
}
