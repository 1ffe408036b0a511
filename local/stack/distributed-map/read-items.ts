import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { parse } from 'csv-parse/sync';
import * as z from 'zod';
import { asError } from '../../../shared/errors.ts';
import type { MapState } from './map-state.ts';
import { failure, fillTemplate, lookUp, type Scope } from './payload-template.ts';

type Reader = NonNullable<MapState['ItemReader']>;

/** All items of the data set (Developer Guide, "ItemReader"). Throws States.ItemReaderFailed. */
export async function readItems(state: MapState, scope: Scope, s3: S3Client): Promise<unknown[]> {
  const { ItemReader: reader, ItemsPath } = state;
  if (!reader) return z.array(z.unknown()).parse(lookUp(ItemsPath ?? '$', scope));
  try {
    const parameters = fillTemplate(reader.Parameters, scope);
    const items = reader.Resource.endsWith('listObjectsV2')
      ? await listed(parameters, s3)
      : await fromFile(reader, parameters, s3);
    return items.slice(0, reader.ReaderConfig?.MaxItems);
  } catch (error) {
    throw failure('States.ItemReaderFailed', asError(error).message);
  }
}

const listParameters = z.object({ Bucket: z.string(), Prefix: z.string().optional() });

/** Keys, sizes and times as Step Functions hands them on: `Etag` in this spelling, `LastModified` in seconds. */
async function listed(parameters: unknown, client: S3Client): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, listParameters.parse(parameters)))
    for (const { Key, Size, ETag, LastModified, StorageClass } of Contents)
      items.push({
        Etag: ETag,
        Key,
        LastModified: Math.floor((LastModified?.getTime() ?? 0) / 1_000),
        Size,
        StorageClass,
      });
  return items;
}

const fileParameters = z.object({ Bucket: z.string(), Key: z.string(), VersionId: z.string().optional() });

async function fromFile({ ReaderConfig }: Reader, parameters: unknown, s3: S3Client): Promise<unknown[]> {
  const place = fileParameters.parse(parameters);
  const text = (await bytesOf(place, s3)).toString();
  switch (ReaderConfig?.InputType) {
    case 'CSV':
      return rows(text, ReaderConfig.CSVHeaderLocation === 'GIVEN' ? (ReaderConfig.CSVHeaders ?? []) : true);
    case 'JSONL':
      return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]));
    case 'MANIFEST':
      return inventoried(text, s3);
    case 'JSON':
    case undefined:
      return z.array(z.unknown()).parse(JSON.parse(text));
  }
}

const rows = (text: string, columns: true | string[]): unknown[] =>
  parse(text, { columns, relax_column_count: true, skip_empty_lines: true, bom: true });

/** `manifest.json` of S3 Inventory (S3 User Guide, "Amazon S3 Inventory manifest"). */
const manifest = z.object({
  destinationBucket: z.string(),
  fileFormat: z.literal('CSV'),
  fileSchema: z.string(),
  files: z.array(z.object({ key: z.string() })),
});

async function inventoried(text: string, s3: S3Client): Promise<unknown[]> {
  const { destinationBucket, fileSchema, files } = manifest.parse(JSON.parse(text));
  const Bucket = destinationBucket.replace(/^arn:aws:s3:::/, '');
  const columns = fileSchema.split(',').map((name) => name.trim());
  const items: unknown[] = [];
  for (const { key } of files)
    for (const row of rows(gunzipSync(await bytesOf({ Bucket, Key: key }, s3)).toString(), columns))
      items.push(row);
  return items;
}

async function bytesOf(place: z.infer<typeof fileParameters>, s3: S3Client): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand(place));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}
