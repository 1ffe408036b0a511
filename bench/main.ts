import { exitCodeOf, fail, say } from '../local/command.ts';
import { BENCH_USAGE, readBenchArguments } from './arguments.ts';
import type { Measured, Point } from './figures.ts';
import { measureAll } from './measure-all.ts';
import { backfill } from './points/backfill.ts';
import { calls } from './points/calls.ts';
import { clientUpload } from './points/client-upload.ts';
import { coldStart } from './points/cold-start.ts';
import { endpoint } from './points/endpoint.ts';
import { many } from './points/many.ts';
import { memory } from './points/memory.ts';
import { pace } from './points/pace.ts';
import { plan } from './points/plan.ts';
import { profile } from './points/profile.ts';
import { throughput } from './points/throughput.ts';
import { worker } from './points/worker.ts';
import { jsonOf, tableOf } from './table.ts';

const POINTS: Readonly<Record<string, Point>> = {
  throughput,
  worker,
  memory,
  plan,
  pace,
  many,
  backfill,
  'cold-start': coldStart,
  calls,
  endpoint,
  'client-upload': clientUpload,
  profile,
};
/** One tells where the time went, one what the COS endpoint bears, one what an upload leaves in the table. They run when they are asked for. */
const ON_REQUEST = ['profile', 'endpoint', 'client-upload'];

async function main(): Promise<number> {
  const given = readBenchArguments(process.argv.slice(2), Object.keys(POINTS));
  if (given.help) {
    process.stdout.write(BENCH_USAGE);
    return 0;
  }
  const chosen =
    given.only.length > 0 ? given.only : Object.keys(POINTS).filter((name) => !ON_REQUEST.includes(name));
  const points = chosen.flatMap((name) => (POINTS[name] ? [[name, POINTS[name]] as const] : []));
  const { measured, failed } = await measureAll(points, { quick: given.quick, say });
  print(measured, given.json);
  return failed === 0 ? 0 : 1;
}

const print = (measured: Measured, json: boolean) =>
  void process.stdout.write(json ? jsonOf(measured) : tableOf(measured));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    fail(error);
    process.exit(exitCodeOf(error));
  },
);
