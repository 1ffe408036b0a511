import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeBundles } from '../bundles.ts';
import { alternate, type Figure, type How, type Measured, median } from '../figures.ts';

const POINT = 'cold start';
const run = promisify(execFile);
/** Where the SDK is found from. */
const ROOT = join(import.meta.dirname, '../..');
/** No function of ours can do without it. */
const YARDSTICK = '@aws-sdk/client-dynamodb';

/** How large each deployed function is and how long Node takes to load it, the AWS SDK from node_modules included. */
export async function coldStart({ quick, say }: How): Promise<Measured> {
  const [before, after] = [await makeBundles('plain'), await makeBundles()];
  const modules = {
    [YARDSTICK]: YARDSTICK,
    ...Object.fromEntries(after.map(({ name, path }) => [name, path])),
  };
  const loads = Object.entries(modules).map(([name, module]) => [name, () => loadMs(module)] as const);
  const took = await alternate(quick ? 3 : 9, Object.fromEntries(loads));
  const ms = (name: string) => median(took[name] ?? []);

  const figures: Figure[] = [
    { point: POINT, what: `${YARDSTICK} alone, import`, value: ms(YARDSTICK), unit: 'ms' },
  ];
  say(`${YARDSTICK} alone: import ${ms(YARDSTICK).toFixed(0)} ms`);
  for (const { name, bytes } of after) {
    const plain = before.find((bundle) => bundle.name === name)?.bytes ?? 0;
    say(`${name}: ${kB(plain)} kB before, ${kB(bytes)} kB after, import ${ms(name).toFixed(0)} ms`);
    figures.push(
      { point: POINT, what: `${name}, bundle`, value: kB(bytes), unit: 'kB', goal: { atMost: 600 } },
      { point: POINT, what: `${name}, import`, value: ms(name), unit: 'ms', goal: { atMost: 120 } },
    );
  }
  return figures;
}

const kB = (bytes: number): number => Math.round(bytes / 1_000);

async function loadMs(module: string): Promise<number> {
  const script = `const from = performance.now();
    require(${JSON.stringify(module)});
    console.log(performance.now() - from);`;
  const { stdout } = await run(process.execPath, ['--eval', script], { cwd: ROOT });
  return Number(stdout);
}
