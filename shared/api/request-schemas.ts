import * as z from 'zod';
import { TRANSFER_STATES } from '../records/transfer.ts';
import { transferOptions } from '../records/transfer-options.ts';
import { whenUsed } from '../when-used.ts';
import { caller } from './caller.ts';
import {
  bucket,
  cursor,
  decimal,
  flag,
  id,
  idempotencyKey,
  key,
  path,
  prefix,
  sha1,
  sliceSize,
} from './fields.ts';

/** What was confirmed of an upload is read within one call: a quarter of a million slices of 1 MiB. In bytes. */
const CLIENT_SIZE_MAX = 274_877_906_944;

const { onExisting, onForeignUpload, trustListed, integrity } = transferOptions.shape;

/** `POST /transfers` for an object in S3. */
const s3Request = whenUsed(() =>
  z
    .strictObject({
      source: z.strictObject({ bucket, key, versionId: z.string().min(1).max(1_024).optional() }),
      target: z.strictObject({ bucket: bucket.optional(), path: path.optional() }).optional(),
      options: z
        .strictObject({ onExisting, onForeignUpload, trustListed, integrity, sliceSize })
        .partial()
        .optional(),
    })
    .meta({ id: 'RelayRequest', description: 'Relay an object of S3' }),
);
export type S3Request = z.infer<ReturnType<typeof s3Request>>;

/** `POST /transfers` for a file that the client sends itself. */
const clientRequest = whenUsed(() =>
  z
    .strictObject({
      target: z.strictObject({ bucket: bucket.optional(), path }),
      size: z.int().min(1).max(CLIENT_SIZE_MAX).meta({ description: 'Of the whole file, in bytes' }),
      sha1: sha1.optional().meta({ description: 'Of the whole file: tells two files of one size apart' }),
      sliceSize: sliceSize.optional(),
      options: z.strictObject({ onExisting, onForeignUpload, trustListed }).partial().optional(),
    })
    .meta({ id: 'UploadRequest', description: 'Open an upload whose slices the client sends' }),
);
export type ClientRequest = z.infer<ReturnType<typeof clientRequest>>;

export const startInput = whenUsed(() =>
  z.object({
    caller,
    headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
    body: z.union([s3Request(), clientRequest()]),
  }),
);
export type StartInput = z.infer<ReturnType<typeof startInput>>;

export const idInput = whenUsed(() => z.object({ caller, path: z.object({ id }) }));
export type IdInput = z.infer<ReturnType<typeof idInput>>;

export const cancelInput = whenUsed(() =>
  z.object({
    caller,
    path: z.object({ id }),
    query: z.object({
      keepUpload: flag
        .optional()
        .meta({ description: 'Leave the unfinished upload in COS, for a later try' }),
    }),
  }),
);
export type CancelInput = z.infer<ReturnType<typeof cancelInput>>;

export const pageInput = whenUsed(() =>
  z.object({
    caller,
    query: z.object({
      state: z.enum(TRANSFER_STATES).optional(),
      limit: decimal(1, 100).optional().meta({ description: '1 to 100, 20 unless given' }),
      cursor: cursor.optional(),
      from: decimal(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .meta({ description: 'Begun at this time or later' }),
      until: decimal(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Begun before this time' }),
      prefix: prefix
        .optional()
        .meta({ description: "Of the object's key; of the target's path for an upload of a client" }),
      count: z
        .literal('true')
        .optional()
        .meta({ description: 'Count them instead of showing them; the counts of all pages add up' }),
    }),
  }),
);
export type PageInput = z.infer<ReturnType<typeof pageInput>>;

export const slicesInput = whenUsed(() =>
  z.object({
    caller,
    path: z.object({ id }),
    query: z.object({
      from: decimal(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Look from this offset on' }),
      limit: decimal(1, 10_000)
        .optional()
        .meta({ description: 'Missing slices at most, 1,000 unless given' }),
    }),
  }),
);
export type SlicesInput = z.infer<ReturnType<typeof slicesInput>>;

export const putInput = whenUsed(() =>
  z.object({
    caller,
    path: z.object({ id, offset: decimal(0, Number.MAX_SAFE_INTEGER) }),
    headers: z.object({
      'content-md5': z
        .string()
        .regex(/^[A-Za-z0-9+/]{22}==$/, 'must be an MD5 in base64')
        .optional(),
      digest: z.string().max(1_024).optional().meta({ description: 'RFC 3230, for example SHA-256=…' }),
      'content-digest': z
        .string()
        .max(1_024)
        .optional()
        .meta({ description: 'RFC 9530, for example sha-256=:…:' }),
    }),
    body: z.instanceof(Uint8Array),
  }),
);
export type PutInput = z.infer<ReturnType<typeof putInput>>;
