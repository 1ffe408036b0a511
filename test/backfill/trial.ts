import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CosEndpoint } from '../../local/cos/endpoint.ts';
import { busy, dropFirst, loseAnswer } from '../../local/cos/faults.ts';
import { LOCAL_COS, SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { backfillSummary } from '../../shared/records/backfill-job.ts';
import { startCommand } from '../kit/command.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { bytesOf, SLICE, seen, sha1 } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';
import { repeatsIn } from './repeats.ts';

type Trial = {
  readonly objects: number;
  readonly seed: number;
  /** How often a process is killed: the first times among the small objects, the last of several among the large ones. */
  readonly kills: number;
  /** Processes after a kill have a clock that is ahead by so much, in ms: what holds a target of the dead one is over then. */
  readonly ahead?: number;
  /** Hears how far it is. */
  readonly say?: (text: string) => void;
};

type Verdict = {
  readonly objects: number;
  readonly kills: number;
  /** Uploads that carried bytes again: after a fault, and because of a kill. */
  readonly sentAgain: number;
  /** What ended otherwise than it must, the first few. */
  readonly wrong: readonly string[];
  readonly seconds: number;
};

const LARGE = 3;
const LARGE_BYTES = 12 * SLICE;
const CONCURRENCY = 4;
/** What may be under way when a process dies: ten objects of each batch. */
const IN_FLIGHT = CONCURRENCY * 10;
const SLICES_IN_FLIGHT = 8;
/** Loaded before the command. */
const AHEAD = new URL('clock-ahead.mjs', import.meta.url).href;

/** A bucket is carried by processes of which all but the last are killed in the middle; then everything is compared. */
export async function runBackfillTrial({
  objects,
  seed,
  kills,
  ahead = 0,
  say = () => undefined,
}: Trial): Promise<Verdict> {
  const began = performance.now();
  const dir = await tempDir('backfill-trial');
  const cos = await startLocalCos(join(dir.path, 'cos'), {
    faults: [
      dropFirst(8, { op: 'upload', skip: 5 }),
      loseAnswer(8, { op: 'upload', skip: 50 }),
      busy(8, { op: 'upload', skip: 20 }),
      dropFirst(2),
    ],
  });
  try {
    const sizes = sizesOf(objects, seed);
    for (const [key, size] of sizes)
      await place(join(dir.path, 's3', SOURCE_BUCKET, key), bytesOf(key, size));
    say(`${objects} objects lie in the bucket`);
    const killed: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      const command = backfill(dir.path, cos, (kill - 1) * ahead);
      const isEnough =
        kill > 1 && kill === kills ? amongLarge(cos) : amongSmall(cos, (objects * kill) / (kills + 1));
      await untilEither(command.ended, isEnough);
      killed.push(cos.log.length);
      command.process.kill('SIGKILL');
      await command.ended;
      say(`killed after ${seen(cos, 'upload').length} uploads of small objects`);
    }
    const { code, stdout, stderr } = await backfill(dir.path, cos, kills * ahead).ended;
    say('the last process ended: everything is compared');
    const { sentAgain, unasked } = repeatsIn(cos.log, killed, IN_FLIGHT + SLICES_IN_FLIGHT);
    const wrong = [
      ...(code === 0 ? [] : [`the command ended with ${code}: ${stderr.slice(-2_000)}`]),
      ...unasked,
      ...(await wrongFiles(cos, sizes)),
      ...(code === 0 ? await wrongLines(dir.path, stdout, sizes) : []),
    ];
    const seconds = (performance.now() - began) / 1_000;
    return { objects, kills, sentAgain, wrong: wrong.slice(0, 10), seconds };
  } finally {
    await cos.close();
    await dir.remove();
  }
}

const amongSmall = (cos: CosEndpoint, objects: number) => () => seen(cos, 'upload').length >= objects;
const amongLarge = (cos: CosEndpoint) => () =>
  seen(cos, 'upload_slice_data').length >= LARGE_BYTES / SLICE / 2;

async function untilEither(ended: Promise<unknown>, isEnough: () => boolean): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over && !isEnough()) await sleep(20);
}

/** Mixed sizes, most of them small, the last few above one request. */
const sizesOf = (objects: number, seed: number): Map<string, number> =>
  new Map(
    Array.from({ length: objects }, (_, at): [string, number] => {
      const key = `in/${at % 40}/${String(at).padStart(6, '0')}.bin`;
      if (at >= objects - LARGE) return [`large/${at}.bin`, LARGE_BYTES + at];
      return [key, at % 97 === 0 ? 15_000 : ((at * 7919 + seed) % 2_000) + (at % 50 === 0 ? 0 : 1)];
    }),
  );

async function place(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const backfill = (dataDir: string, cos: CosEndpoint, ahead: number) =>
  startCommand(
    'tools/backfill/main.ts',
    ['--local', '--data', dataDir, '--json', '--concurrency', String(CONCURRENCY)],
    {
      env: {
        ...LOCAL_COS,
        COS_ENDPOINT: cos.origin,
        SMALL_OBJECT_MAX: '20000',
        SLICE_SIZE: String(SLICE),
        RETRY_BASE_MS: '10',
        MAX_IN_FLIGHT: String(SLICES_IN_FLIGHT),
        ...(ahead > 0 && { CLOCK_AHEAD_MS: String(ahead), NODE_OPTIONS: `--import ${AHEAD}` }),
      },
    },
  );

async function wrongFiles(cos: CosEndpoint, sizes: ReadonlyMap<string, number>): Promise<string[]> {
  const wrong: string[] = [];
  for (const [key, size] of sizes) {
    const file = await cos.file(LOCAL_COS.COS_BUCKET, key);
    const content = file && (await readFile(file.dataPath));
    if (!content || sha1(content) !== sha1(bytesOf(key, size)))
      wrong.push(`${key} is not in COS as it is in S3`);
  }
  return wrong;
}

/** The report has one line for each object, and it is true. */
async function wrongLines(
  dataDir: string,
  stdout: string,
  sizes: ReadonlyMap<string, number>,
): Promise<string[]> {
  const summary = backfillSummary().parse(JSON.parse(stdout));
  const { reports, files } = summary;
  const text = await readFile(join(dataDir, 's3', reports.bucket, files.outcomes ?? ''), 'utf8');
  const outcomes = new Map<string, string>();
  for (const line of text.split('\n').filter(Boolean)) {
    const { key, outcome } = JSON.parse(line);
    outcomes.set(key, outcomes.has(key) ? 'twice' : outcome);
  }
  const bad = [...sizes.keys()].filter((key) => !['stored', 'held'].includes(outcomes.get(key) ?? 'no line'));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return [
    ...bad.map((key) => `${key}: ${outcomes.get(key) ?? 'no line'}`),
    ...(outcomes.size === sizes.size ? [] : [`${outcomes.size} lines for ${sizes.size} objects`]),
    ...(summary.bytes === bytes ? [] : [`the summary counts ${summary.bytes} of ${bytes} bytes`]),
  ];
}
