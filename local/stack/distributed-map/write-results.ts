import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Child } from './child.ts';
import type { MapState } from './map-state.ts';
import { failure, fillTemplate, type Scope } from './payload-template.ts';

/** Puts a text file into a bucket. */
export type PutText = (bucket: string, key: string, lines: AsyncIterable<string>) => Promise<void>;

const place = z.object({ Bucket: z.string(), Prefix: z.string().default('') });
const KINDS = ['SUCCEEDED', 'FAILED', 'PENDING'] as const;

/** What the state puts out: the children's outputs, or where their results were written (Developer Guide, "ResultWriter"). */
export async function writeResults(
  { ResultWriter: writer }: MapState,
  children: readonly Child[],
  scope: Scope,
  put: PutText,
): Promise<unknown> {
  if (!writer) return children.map(({ output }) => output);
  const { Bucket, Prefix } = place.parse(fillTemplate(writer.Parameters, scope));
  const folder = `${Prefix === '' ? '' : `${Prefix.replace(/\/$/, '')}/`}${randomUUID()}`;
  const { Transformation = 'NONE', OutputType = 'JSON' } = writer.WriterConfig ?? {};
  const ResultFiles: Record<string, { Key: string; Size: number }[]> = {
    SUCCEEDED: [],
    FAILED: [],
    PENDING: [],
  };
  try {
    for (const kind of KINDS) {
      const mine = children.filter((each) => kindOf(each) === kind);
      if (mine.length === 0) continue;
      const Key = `${folder}/${kind}_0.${OutputType === 'JSON' ? 'json' : 'jsonl'}`;
      const rows = mine.flatMap((each) => rowsOf(each, kind === 'SUCCEEDED' ? Transformation : 'NONE'));
      const lines = OutputType === 'JSON' ? [JSON.stringify(rows)] : rows.map((row) => JSON.stringify(row));
      await put(Bucket, Key, each(lines));
      ResultFiles[kind] = [{ Key, Size: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) }];
    }
    const Key = `${folder}/manifest.json`;
    await put(
      Bucket,
      Key,
      each([JSON.stringify({ DestinationBucket: Bucket, MapRunArn: ARN, ResultFiles })]),
    );
    return { MapRunArn: ARN, ResultWriterDetails: { Bucket, Key } };
  } catch (error) {
    throw failure('States.ResultWriterFailed', String(error));
  }
}

const ARN = 'arn:aws:states:us-east-1:000000000000:mapRun:local';

const kindOf = ({ status }: Child) =>
  status === 'succeeded' ? 'SUCCEEDED' : status === 'waiting' ? 'PENDING' : 'FAILED';

/** A child that failed is written unchanged, whatever the transformation. */
function rowsOf(
  { name, input, output, status, error }: Child,
  how: 'NONE' | 'COMPACT' | 'FLATTEN',
): unknown[] {
  if (how === 'FLATTEN' && Array.isArray(output)) return output;
  if (how !== 'NONE') return [output];
  const Output = status === 'succeeded' ? { Output: JSON.stringify(output) } : {};
  const Failure = error ? { Error: error.name, Cause: error.message } : {};
  return [{ Name: name, Input: JSON.stringify(input), ...Output, ...Failure, Status: status.toUpperCase() }];
}

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}
