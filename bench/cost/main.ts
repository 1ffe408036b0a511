import { readWords, runToExit, say, UsageError } from '../../local/command.ts';
import { column } from '../../local/terminal/columns.ts';
import { PRICES } from '../../shared/cost/prices.ts';
import { type Bill, billOf, type Line, type Relay } from './bill.ts';
import { relayOf } from './relay-of.ts';

const USAGE = `Usage: npm run cost -- --size 1TiB [--objects 1000] [--window 64] [--rate 10] [--json]

What it costs on AWS to relay one object, or many of one size, line by line, and what other windows would cost. The
counts come from the planner that runs, from what was counted and from serverless.yml; the prices from
shared/cost/prices.ts (${PRICES.date}, ${PRICES.region}).

  --size SIZE     of an object: a number of bytes, or with KiB, MiB, GiB, TiB (at most 5 TiB)
  --objects N     how many of them (default 1); small ones share calls, so a million cost less than a million times one
  --window N      least window in MiB, as WINDOW_BYTES (default: that of the configuration); it grows with the object
  --rate N        what one worker carries, in MiB/s (default 10)
  --slice N       slice size in MiB: 0.5, 1, 2 or 3 (default 1)
  --workers N     workers at once (default: that of the configuration)
  --json          one JSON object on stdout, and nothing else there
  --help          this text
`;

const MIB = 1_048_576;
/** Of the table, in columns; a narrower terminal sees no counts. */
const WIDE = 66;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1_024,
  MiB: MIB,
  GiB: MIB * 1_024,
  TiB: MIB * MIB,
};
const WHAT_IF_MIB = [1, 16, 64, 256, 1_024, 4_096];
/** docs/architecture.md says what limits it. */
const SIZE_MAX = 5 * MIB * MIB;
const OBJECTS_MAX = 1e12;

async function main(): Promise<number> {
  const given = readArguments();
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const relay = relayOf(
    {
      ...(given.window !== undefined && { WINDOW_BYTES: String(inMib('window', given.window)) }),
      ...(given.slice !== undefined && { SLICE_SIZE: String(inMib('slice', given.slice)) }),
      ...(given.workers !== undefined && { MAX_CONCURRENCY: given.workers }),
    },
    sizeOf(given.size),
    inMib('rate', given.rate ?? '10'),
    objectsOf(given.objects ?? '1'),
  );
  if (relay.size > relay.maxObjectBytes)
    say(
      `note: a sliced upload of COS v4 takes ${readable(relay.maxObjectBytes)} (MAX_OBJECT_BYTES): such an object would end as TooLarge, at no cost; here is what it would take otherwise`,
    );
  const bill = billOf(relay);
  const whatIf = WHAT_IF_MIB.map((window) => billOf({ ...relay, windowBytes: window * MIB }));
  if (given.json) {
    const { date, region } = PRICES;
    process.stdout.write(`${JSON.stringify({ prices: { date, region }, relay, bill, whatIf }, null, 2)}\n`);
    return 0;
  }
  print(relay, bill, whatIf);
  return 0;
}

function readArguments() {
  return readWords({
    options: {
      size: { type: 'string' },
      objects: { type: 'string' },
      window: { type: 'string' },
      rate: { type: 'string' },
      slice: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function sizeOf(text: string | undefined): number {
  if (text === undefined)
    throw new UsageError('--size is missing: how large is the object? For example --size 1TiB');
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const bytes = Math.round(Number(count) * (UNITS[unit] ?? Number.NaN));
  if (count !== '' && bytes >= 0 && bytes <= SIZE_MAX) return bytes;
  throw new UsageError(`--size ${text}: give bytes, or a number with KiB, MiB, GiB or TiB, up to 5TiB`);
}

function objectsOf(text: string): number {
  const objects = Number(text);
  if (/^\d+$/.test(text) && objects >= 1 && objects <= OBJECTS_MAX) return objects;
  throw new UsageError(`--objects ${text}: give a whole number from 1 to ${OBJECTS_MAX}`);
}

function inMib(name: string, text: string): number {
  const bytes = Number(text) * MIB;
  if (/^\d+(\.\d+)?$/.test(text) && bytes > 0) return name === 'rate' ? bytes : Math.round(bytes);
  throw new UsageError(`--${name} ${text}: give a number of MiB above 0`);
}

const counted = (count: number): string =>
  count.toLocaleString('en-US', { maximumFractionDigits: count < 10 ? 4 : 0 }).padStart(14);

function print(relay: Relay, bill: Bill, whatIf: readonly Bill[]): void {
  // so fine that one small object is not free
  const digits = bill.total < 0.01 ? 8 : 4;
  const dollars = (amount: number) => `$${amount.toFixed(digits)}`.padStart(14);
  const narrow = (process.stderr.columns ?? WIDE) < WIDE;
  const label = (narrow ? process.stderr.columns : WIDE) - 15;
  const row = ({ what, count, unit, dollars: amount }: Line) =>
    say(
      narrow
        ? `${column(what, label)}${dollars(amount)}`
        : `${what.padEnd(24)}${counted(count)} ${unit.padEnd(12)}${dollars(amount)}`,
    );
  const many = relay.objects === 1 ? 'one object' : `${relay.objects.toLocaleString('en-US')} objects`;
  const each = relay.objects === 1 ? '' : ' each';
  say(
    `${many} of ${readable(relay.size)} at ${relay.rate / MIB} MiB/s a worker, ${relay.workers} workers: ${shape(bill)}${each}`,
  );
  say(`prices of ${PRICES.date}, ${PRICES.region}\n`);
  bill.lines.forEach(row);
  say(`${'AWS, without egress'.padEnd(label)}${dollars(bill.total)}`);
  row(bill.egress);
  say(`${'in all'.padEnd(label)}${dollars(bill.total + bill.egress.dollars)}`);
  const lasts = duration(bill.hours);
  say(
    bill.windows === 0 && relay.objects > 1
      ? `about ${lasts} until the last receipt, when all arrive at once; one that arrives alone takes seconds\n`
      : `about ${lasts} from event to receipt${each}\n`,
  );
  if (bill.windows === 0) return; // its window is no matter
  if (new Set(whatIf.map(shape)).size === 1) {
    say('no other least window would change it: the size of the object and the workers decide');
    return;
  }
  say('what if the least window were:');
  whatIf.forEach((other, index) => {
    const before = whatIf[index - 1];
    if (before && shape(before) === shape(other)) return; // the object's size decides, not this setting
    const same = whatIf.findLastIndex((one) => shape(one) === shape(other));
    const range = same > index ? `${WHAT_IF_MIB[index]} to ${WHAT_IF_MIB[same]}` : String(WHAT_IF_MIB[index]);
    say(
      narrow
        ? `${range} MiB: ${dollars(other.total).trim()}, ${shape(other)}`
        : `${range.padStart(14)} MiB ${dollars(other.total)}  ${shape(other)}`,
    );
  });
}

const duration = (hours: number): string =>
  hours < 1 ? `${Math.ceil(hours * 60)} min` : `${hours.toFixed(1)} h`;

function readable(bytes: number): string {
  const [unit, one] = Object.entries(UNITS).findLast(([, size]) => bytes >= size) ?? ['B', 1];
  return `${(bytes / one).toLocaleString('en-US', { maximumFractionDigits: 3 })} ${unit}`;
}

const shape = ({ windows, windowBytes }: Bill): string =>
  windows === 0 ? 'one request' : `${windows} windows of ${Math.round(windowBytes / MIB)} MiB`;

runToExit(main);
