import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refuse, stall } from '../../local/cos/faults.ts';
import { LOCAL_COS, SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { backfillSummary } from '../../shared/records/backfill-job.ts';
import { BACKFILL_ARN, backfillsAsStepFunctions } from '../kit/aws-backfills.ts';
import { startAwsStage } from '../kit/aws-stage.ts';
import { openBackfillBed } from '../kit/backfill-bed.ts';
import { runHere, startCommand } from '../kit/command.ts';
import { startLocalCos } from '../kit/local-cos.ts';
import { bytesOf, seen, sha1 } from '../kit/relay-bed.ts';
import { tempDir } from '../kit/temp-dir.ts';

const COMMAND = 'tools/backfill/main.ts';
const KEYS = Array.from({ length: 30 }, (_, at) => `in/${at}`);

/** The relay of this machine with 30 objects in its bucket, and a COS that answers slowly until told otherwise. */
async function openLocal() {
  const dir = await tempDir('backfill-command');
  const cos = await startLocalCos(join(dir.path, 'cos'));
  onTestFinished(async () => {
    await cos.close();
    await dir.remove();
  });
  for (const key of KEYS) {
    const path = join(dir.path, 's3', SOURCE_BUCKET, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytesOf(key, 1_000));
  }
  const args = ['--local', '--data', dir.path, '--concurrency', '1', '--batch', '5'];
  const options = { env: { ...LOCAL_COS, COS_ENDPOINT: cos.origin } };
  return {
    cos,
    start: () => startCommand(COMMAND, args, options),
    run: (...more: string[]) => runHere(COMMAND, [...args, ...more], options),
    stored: async (key: string) => {
      const file = await cos.file(LOCAL_COS.COS_BUCKET, key);
      return file?.size;
    },
  };
}

test('Ctrl-C stops a local backfill cleanly: the same command goes on, and sends nothing twice', async () => {
  const { cos, start, run, stored } = await openLocal();
  cos.inject(stall(1_000, 200, { op: 'upload' }));
  const first = start();
  while (seen(cos, 'upload').length < 8) await new Promise((resolve) => setTimeout(resolve, 20));
  first.process.kill('SIGINT');
  const interrupted = await first.ended;
  const sent = seen(cos, 'upload').length;
  cos.clearFaults();

  const again = await run('--json');

  expect(interrupted).toMatchObject({ code: 130, stdout: '' });
  expect(interrupted.stderr).toContain('the same command again goes on');
  expect(sent).toBeLessThan(KEYS.length);
  expect(again.code).toBe(0);
  const { outcomes } = backfillSummary().parse(JSON.parse(again.stdout));
  expect((outcomes.stored?.objects ?? 0) + (outcomes.held?.objects ?? 0)).toBe(KEYS.length);
  expect(seen(cos, 'upload').filter(({ code }) => code === 0)).toHaveLength(KEYS.length);
  for (const key of KEYS) expect(await stored(key)).toBe(1_000);
});

test('a bucket whose every object fails ends with exit code 1, its report and the command for just those', async () => {
  const { cos, run } = await openLocal();
  cos.inject(refuse(1_000, 403, -5, { op: 'upload' }));

  const { code, stdout, stderr } = await run();

  expect(code).toBe(1);
  expect(stdout).toContain('failed: 30');
  expect(stdout).toMatch(/30 x CosRefused/);
  expect(stdout).toMatch(/again, just those: npm run backfill -- .*failed\.jsonl/);
  expect(stderr).toMatch(/the line of each object: s3:\/\/reports\/.*outcomes\.jsonl/);
});

test('a check with --extra looks into COS too, and refuses filters, which would make all that they leave out look extra', async () => {
  const { cos, run } = await openLocal();
  await run();
  const whole = await run('--check', '--extra');
  const narrow = await run('--check', '--extra', '--include', '*.x');

  expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining('equal: 30')]);
  expect([narrow.code, narrow.stderr]).toEqual([2, expect.stringContaining('leave out --list and filters')]);
  expect(seen(cos, 'list').length).toBeGreaterThan(0);
});

test('of a stage, the job outlives the command: Ctrl-C says how to watch it and how to stop it', async () => {
  const bed = await openBackfillBed();
  onTestFinished(() => bed.close());
  const stack = await bed.start();
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB, ...variables } = bed.env;
  await using aws = await startAwsStage({
    stacks: { 'cos-slice-relay-test': { BackfillMachineArn: BACKFILL_ARN } },
    variables: { ...variables, SOURCE_BUCKET, BACKFILL_MACHINE_ARN: BACKFILL_ARN },
    stepFunctions: backfillsAsStepFunctions(stack.backfills),
  });
  const env = { ...aws.env, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB };
  const run = (...args: string[]) => runHere(COMMAND, ['--stage', 'test', ...args], { env });
  for (const key of KEYS) await bed.put(key, bytesOf(key, 1_000));
  bed.cos.inject(stall(1_000, 500, { op: 'upload' }));

  const first = startCommand(COMMAND, ['--stage', 'test', '--batch', '1', '--concurrency', '1'], { env });
  while (seen(bed.cos, 'upload').length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  first.process.kill('SIGINT');
  const left = await first.ended;
  const [, id = ''] = /--watch (\S+)/.exec(left.stderr) ?? [];
  const still = await stack.backfills.look(id);
  const stopped = await run('--stop', id);
  await stack.backfills.ended(id);
  bed.cos.clearFaults();
  const whole = await run('--json');
  const watched = await run('--watch', backfillSummary().parse(JSON.parse(whole.stdout)).jobId);
  const unknown = await run('--watch', 'nobody');

  expect([left.code, left.stderr]).toEqual([
    130,
    expect.stringContaining(`npm run backfill -- --stage test --stop ${id}`),
  ]);
  expect(still?.status).toBe('running');
  expect([stopped.code, stopped.stdout]).toEqual([1, expect.stringContaining('stopped')]);
  expect(whole.code).toBe(0);
  expect([watched.code, watched.stdout]).toEqual([0, expect.stringContaining('complete, 30 objects')]);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no backfill nobody')]);
  for (const key of KEYS) expect(await bed.stored(key)).toBe(sha1(bytesOf(key, 1_000)));
  expect(new Set(aws.calls)).toEqual(
    new Set([
      'DescribeStacks',
      'GetFunctionConfiguration',
      'StartExecution',
      'DescribeExecution',
      'ListMapRuns',
      'DescribeMapRun',
      'StopExecution',
    ]),
  );
});
