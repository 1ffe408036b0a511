import { gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import { type S3Endpoint, startS3Endpoint } from '../../local/s3/endpoint.ts';
import { type MapRun, openMapRun } from '../../local/stack/distributed-map/map-run.ts';
import { mapState } from '../../local/stack/distributed-map/map-state.ts';
import { tempDir } from '../kit/temp-dir.ts';

/** From the Step Functions Developer Guide: ItemReader, ItemSelector, ItemBatcher, ResultWriter, thresholds, redrive. */

let dir: Awaited<ReturnType<typeof tempDir>>;
let s3: S3Endpoint;
let client: S3Client;
beforeAll(async () => {
  dir = await tempDir('map');
  s3 = await startS3Endpoint({ root: dir.path });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new S3Client({ endpoint: s3.origin, region: 'us-east-1', forcePathStyle: true, credentials });
});
afterAll(async () => {
  client.destroy();
  await s3.close();
  await dir.remove();
});

const put = (key: string, content: string | Buffer) => putFile(dir.path, { bucket: 'data', key }, content);
const CHILD = {
  ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
  StartAt: 'One',
  States: { One: { Type: 'Pass', End: true } },
};

type Ran = { readonly run: MapRun; readonly inputs: unknown[]; readonly written: Map<string, string> };

/** A map whose children do what `work` does; their output is what it gives. */
function open(fields: object, work: (input: never) => unknown = () => null, input: unknown = {}): Ran {
  const inputs: unknown[] = [];
  const written = new Map<string, string>();
  const state = mapState.parse({ Type: 'Map', ItemProcessor: CHILD, ...fields });
  const scope = { input, context: { Execution: { Id: 'e' } } };
  const run = openMapRun(state, scope, {
    s3: client,
    async put(bucket, key, lines) {
      let text = '';
      for await (const line of lines) text += `${line}\n`;
      written.set(`${bucket}/${key}`, text);
    },
    async runChild(given) {
      inputs.push(given);
      return work(given as never); // each test knows what its children get
    },
  });
  return { run, inputs, written };
}

const reader = (Key: string, ReaderConfig: object) => ({
  ItemReader: {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig,
    Parameters: { Bucket: 'data', Key },
  },
});

test('listObjectsV2 gives each object under the prefix, with its time in seconds', async () => {
  await put('list/a', '12345');
  await put('list/b', '1');
  await put('other', '');
  const { run, inputs } = open(
    {
      ItemReader: {
        Resource: 'arn:aws:states:::s3:listObjectsV2',
        Parameters: { 'Bucket.$': '$.bucket', Prefix: 'list/' },
      },
    },
    undefined,
    { bucket: 'data' },
  );

  await run.run();

  expect(inputs).toMatchObject([
    { Key: 'list/a', Size: 5, StorageClass: 'STANDARD', Etag: expect.stringMatching(/^".+"$/) },
    { Key: 'list/b', Size: 1 },
  ]);
  expect(inputs).toEqual(inputs.map(() => expect.objectContaining({ LastModified: expect.any(Number) })));
});

test('a CSV takes its names from its first row or from the state, and values are text', async () => {
  await put('headed.csv', 'id,name\n1,"a,b"\n');
  await put('plain.csv', '1,x\n2\n');
  const headed = open(reader('headed.csv', { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' }));
  const GIVEN = { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['id', 'name'] };
  const plain = open(reader('plain.csv', GIVEN));

  await headed.run.run();
  await plain.run.run();

  expect(headed.inputs).toEqual([{ id: '1', name: 'a,b' }]);
  expect(plain.inputs).toEqual([{ id: '1', name: 'x' }, { id: '2' }]);
});

test('JSON lines, a JSON array and an inventory give an item each', async () => {
  await put('lines.jsonl', '{"a":1}\n\n{"a":2}\n');
  await put('array.json', '[1,2,3]');
  await put('inventory/1.csv.gz', gzipSync('"data","k%20x","7"\n'));
  const files = [{ key: 'inventory/1.csv.gz' }];
  const manifest = {
    destinationBucket: 'arn:aws:s3:::data',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, Size',
    files,
  };
  await put('inventory/manifest.json', JSON.stringify(manifest));
  const lines = open(reader('lines.jsonl', { InputType: 'JSONL' }));
  const array = open(reader('array.json', { InputType: 'JSON', MaxItems: 2 }));
  const inventory = open(reader('inventory/manifest.json', { InputType: 'MANIFEST' }));

  for (const { run } of [lines, array, inventory]) await run.run();

  expect(lines.inputs).toEqual([{ a: 1 }, { a: 2 }]);
  expect(array.inputs).toEqual([1, 2]);
  expect(inventory.inputs).toEqual([{ Bucket: 'data', Key: 'k%20x', Size: '7' }]);
});

test('a data set that cannot be read fails the state by its name', async () => {
  const { run } = open(reader('nowhere', { InputType: 'JSON' }));

  await expect(run.run()).rejects.toMatchObject({ name: 'States.ItemReaderFailed' });
});

test('items are selected first, then batched, with the batch’s own input beside them', async () => {
  const items = Array.from({ length: 5 }, (_, at) => `i${at}`);
  const { run, inputs } = open(
    {
      ItemsPath: '$.items',
      ItemSelector: { 'item.$': '$$.Map.Item.Value', 'at.$': '$$.Map.Item.Index' },
      ItemBatcher: { MaxItemsPerBatchPath: '$.most', BatchInput: { 'job.$': '$.job' } },
    },
    undefined,
    { items, most: 2, job: 7 },
  );

  await run.run();

  expect(inputs).toEqual([
    {
      BatchInput: { job: 7 },
      Items: [
        { item: 'i0', at: 0 },
        { item: 'i1', at: 1 },
      ],
    },
    {
      BatchInput: { job: 7 },
      Items: [
        { item: 'i2', at: 2 },
        { item: 'i3', at: 3 },
      ],
    },
    { BatchInput: { job: 7 }, Items: [{ item: 'i4', at: 4 }] },
  ]);
});

test('a batch is no larger than its bytes may be', async () => {
  const items = Array.from({ length: 10 }, () => 'x'.repeat(100));
  const { run, inputs } = open(
    { ItemsPath: '$', ItemBatcher: { MaxInputBytesPerBatch: 350 } },
    undefined,
    items,
  );

  await run.run();

  expect(inputs.length).toBeGreaterThan(3);
  for (const input of inputs) expect(JSON.stringify(input).length).toBeLessThanOrEqual(370);
});

test('no more children run at once than may, and a change counts at once', async () => {
  let [running, most] = [0, 0];
  const gates: (() => void)[] = [];
  const { run } = open({ ItemsPath: '$', MaxConcurrency: 2 }, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => gates.push(resolve));
    running -= 1;
  }, [1, 2, 3, 4, 5, 6]);
  const ended = run.run();
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
  await settled();
  expect(most).toBe(2);

  run.setConcurrency(4);
  await settled();

  expect(running).toBe(4);
  for (let left = 6; left > 0; left -= 1) {
    gates.shift()?.();
    await settled();
  }
  await ended;
  expect(most).toBe(4);
});

test('one failure fails the run, unless so many are tolerated', async () => {
  const failing = (input: number) => {
    if (input === 2) throw new Error('no');
    return input;
  };
  const items = [1, 2, 3, 4];
  const strict = open({ ItemsPath: '$', MaxConcurrency: 1 }, failing, items);
  const counted = open({ ItemsPath: '$', ToleratedFailureCount: 1 }, failing, items);
  const percent = open({ ItemsPath: '$', ToleratedFailurePercentage: 24 }, failing, items);
  const THRESHOLD = { name: 'States.ExceedToleratedFailureThreshold' };

  await expect(strict.run.run()).rejects.toMatchObject(THRESHOLD);
  await expect(counted.run.run()).resolves.toBeDefined();
  await expect(percent.run.run()).rejects.toMatchObject(THRESHOLD);
  expect(strict.inputs).toEqual([1, 2]);
});

test('a redrive runs what failed and what was never begun, and keeps the rest', async () => {
  let broken = true;
  const { run, inputs } = open(
    { ItemsPath: '$', MaxConcurrency: 1 },
    (input: number) => {
      if (broken && input === 2) throw new Error('no');
      return input * 10;
    },
    [1, 2, 3],
  );
  await expect(run.run()).rejects.toThrow();
  broken = false;

  const output = await run.run();

  expect(output).toEqual([10, 20, 30]);
  expect(inputs).toEqual([1, 2, 2, 3]);
});

test('results are written flat, a line each, with what failed as it was', async () => {
  const { run, written } = open(
    {
      ItemsPath: '$.items',
      ToleratedFailurePercentage: 100,
      ResultWriter: {
        Resource: 'arn:aws:states:::s3:putObject',
        Parameters: { Bucket: 'out', 'Prefix.$': '$.prefix' },
        WriterConfig: { Transformation: 'FLATTEN', OutputType: 'JSONL' },
      },
    },
    (input: number) => {
      if (input === 3) throw Object.assign(new Error('why'), { name: 'Broken' });
      return [{ a: input }, { b: input }];
    },
    { items: [1, 2, 3], prefix: 'p' },
  );

  const output = await run.run();

  const { Bucket, Key } = (output as { ResultWriterDetails: { Bucket: string; Key: string } })
    .ResultWriterDetails;
  expect([Bucket, Key]).toEqual(['out', expect.stringMatching(/^p\/[0-9a-f-]{36}\/manifest\.json$/)]);
  const { ResultFiles } = JSON.parse(written.get(`out/${Key}`) ?? '');
  expect(written.get(`out/${ResultFiles.SUCCEEDED[0].Key}`)).toBe('{"a":1}\n{"b":1}\n{"a":2}\n{"b":2}\n');
  expect(JSON.parse(written.get(`out/${ResultFiles.FAILED[0].Key}`) ?? '')).toMatchObject({
    Input: '3',
    Error: 'Broken',
    Status: 'FAILED',
  });
});

test('a run that is stopped ends, and begins nothing more', async () => {
  const { run, inputs } = open({ ItemsPath: '$', MaxConcurrency: 1 }, () => {
    run.stop();
    return null;
  }, [1, 2, 3]);

  await expect(run.run()).rejects.toMatchObject({ name: 'States.Aborted' });
  expect(inputs).toEqual([1]);
});

test('a field that the local map does not know is refused, not overlooked', () => {
  const state = { Type: 'Map', ItemProcessor: CHILD, ItemsPath: '$', Items: '{% $x %}' };

  expect(() => mapState.parse(state)).toThrow('Items');
});
