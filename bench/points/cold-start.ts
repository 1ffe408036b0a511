import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Bundle, makeBundles } from '../bundles.ts';
import { type Figure, type How, type Measured, median } from '../figures.ts';

const POINT = 'cold start';
const run = promisify(execFile);

/** How large each deployed function is and how long Node takes to import it, the AWS SDK from node_modules included. */
export async function coldStart({ quick, say }: How): Promise<Measured> {
  const [before, after] = [await makeBundles('plain'), await makeBundles()];
  const figures: Figure[] = [];
  for (const bundle of after) {
    const plain = before.find(({ name }) => name === bundle.name)?.bytes ?? 0;
    const ms = await importMs(bundle, quick ? 1 : 9);
    say(`${bundle.name}: ${kB(plain)} kB before, ${kB(bundle.bytes)} kB after, import ${ms.toFixed(0)} ms`);
    const { name } = bundle;
    figures.push(
      { point: POINT, what: `${name}, bundle`, value: kB(bundle.bytes), unit: 'kB', goal: { atMost: 600 } },
      { point: POINT, what: `${name}, import`, value: ms, unit: 'ms', goal: { atMost: 120 } },
    );
  }
  return figures;
}

const kB = (bytes: number): number => Math.round(bytes / 1_000);

async function importMs({ path }: Bundle, times: number): Promise<number> {
  const script = `const from = performance.now();
    require(${JSON.stringify(path)});
    console.log(performance.now() - from);`;
  const took: number[] = [];
  for (let turn = 0; turn <= times; turn += 1) {
    const { stdout } = await run(process.execPath, ['--eval', script]);
    if (turn > 0) took.push(Number(stdout)); // the first one found a cold file cache
  }
  return median(took);
}
