import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SourceMissing } from '../errors.ts';
import type { FilePlace, ReportFiles } from '../services.ts';

/** One part of a multipart upload, in bytes: 10,000 of them are 80 GB of report. */
const PART_BYTES = 8_388_608;

/** Reports in S3. */
export function reportFilesInS3(s3: () => S3Client): ReportFiles {
  return {
    async *lines({ bucket, key }, signal) {
      const { Body } = await get(s3(), { Bucket: bucket, Key: key }, signal);
      if (!Body) return;
      yield* linesOf(Body.transformToWebStream());
    },
    async part({ bucket, key }, { from, length }, signal) {
      const Range = `bytes=${from}-${from + length - 1}`;
      const { Body, ContentRange } = await get(s3(), { Bucket: bucket, Key: key, Range }, signal);
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
      return { bytes, size: Number(ContentRange?.split('/').at(-1) ?? from + bytes.length) };
    },
    async write(place, lines, signal) {
      const parts = partsOf(lines);
      const first = await parts.next();
      const second = await parts.next();
      const client = s3();
      if (second.done) return putWhole(client, place, first.value ?? Buffer.alloc(0), signal);
      const all = async function* () {
        if (first.value) yield first.value;
        yield second.value;
        yield* parts;
      };
      await putParts(client, place, all(), signal);
    },
  };
}

async function get(client: S3Client, asked: GetObjectCommandInput, signal: AbortSignal) {
  try {
    return await client.send(new GetObjectCommand(asked), { abortSignal: signal });
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new SourceMissing(`there is no s3://${asked.Bucket}/${asked.Key}`, { absent: true });
  }
}

async function putWhole(
  client: S3Client,
  { bucket, key }: FilePlace,
  Body: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/json' });
  await client.send(command, { abortSignal: signal });
}

/** What a call leaves unfinished, the bucket's lifecycle rule removes. */
async function putParts(
  client: S3Client,
  { bucket: Bucket, key: Key }: FilePlace,
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const options = { abortSignal: signal };
  const create = new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'application/json' });
  const { UploadId } = await client.send(create, options);
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for await (const Body of parts) {
    const PartNumber = Parts.length + 1;
    const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
    const { ETag } = await client.send(part, options);
    Parts.push({ PartNumber, ETag });
  }
  const complete = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
  await client.send(new CompleteMultipartUploadCommand(complete), options);
}

async function* partsOf(lines: AsyncIterable<string>): AsyncGenerator<Buffer, undefined> {
  let held: string[] = [];
  let bytes = 0;
  for await (const line of lines) {
    held.push(line, '\n');
    bytes += Buffer.byteLength(line) + 1;
    if (bytes < PART_BYTES) continue;
    yield Buffer.from(held.join(''));
    [held, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.from(held.join(''));
  return undefined;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
