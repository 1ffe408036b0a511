import * as z from 'zod';
import { pathProblem } from '../cos/target.ts';
import { receipt } from '../records/receipt.ts';
import { TRANSFER_STATES } from '../records/transfer.ts';
import { transferOptions } from '../records/transfer-options.ts';
import { SLICE_SIZES } from '../slices/slices.ts';
import { caller } from './caller.ts';

/** Larger than any slice, and 4 MiB in base64: within what Lambda takes. In bytes. */
export const SLICE_MAX = 3_145_728;
/** What was confirmed of an upload is read within one call: a quarter of a million slices of 1 MiB. In bytes. */
const CLIENT_SIZE_MAX = 274_877_906_944;
const KEY_MAX = 1_024;

const bytes = z.int().nonnegative();
export const at = z.int().meta({ description: 'Milliseconds since the epoch' });
export const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'must be a bucket name');
const sha1 = z
  .string()
  .regex(/^[0-9a-fA-F]{40}$/, 'must be a SHA-1 in hex')
  .transform((text) => text.toLowerCase());

export const key = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= KEY_MAX, `must be at most ${KEY_MAX} bytes of UTF-8`)
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  .refine((text) => !/[\u0000-\u001f\u007f]/.test(text), 'must not contain control characters')
  .refine((text) => !text.split('/').includes('..'), 'must not have a ".." segment');

const path = z
  .string()
  .max(4_096)
  .superRefine((text, context) => {
    const problem = pathProblem(text);
    if (problem !== undefined) context.addIssue(`COS cannot hold it: ${problem}`);
  })
  .meta({ description: 'Plain text without a leading slash' });

const sliceSize = z.literal([...SLICE_SIZES]).meta({ description: 'In bytes; COS may overrule it' });
const { onExisting, onForeignUpload, trustListed, integrity } = transferOptions.shape;

/** `POST /transfers` for an object in S3. */
const s3Request = z
  .strictObject({
    source: z.strictObject({ bucket, key, versionId: z.string().min(1).max(1_024).optional() }),
    target: z.strictObject({ bucket: bucket.optional(), path: path.optional() }).optional(),
    options: z
      .strictObject({ onExisting, onForeignUpload, trustListed, integrity, sliceSize })
      .partial()
      .optional(),
  })
  .meta({ id: 'RelayRequest', description: 'Relay an object of S3' });
export type S3Request = z.infer<typeof s3Request>;

/** `POST /transfers` for a file that the client sends itself. */
const clientRequest = z
  .strictObject({
    target: z.strictObject({ bucket: bucket.optional(), path }),
    size: z.int().min(1).max(CLIENT_SIZE_MAX).meta({ description: 'Of the whole file, in bytes' }),
    sha1: sha1.optional().meta({ description: 'Of the whole file: tells two files of one size apart' }),
    sliceSize: sliceSize.optional(),
    options: z.strictObject({ onExisting, onForeignUpload, trustListed }).partial().optional(),
  })
  .meta({ id: 'UploadRequest', description: 'Open an upload whose slices the client sends' });
export type ClientRequest = z.infer<typeof clientRequest>;

const id = z.string().min(1).max(128).meta({ description: 'The id of the transfer' });
export const idempotencyKey = z
  .string()
  .regex(/^[\u0020-\u007e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
  .meta({ description: 'The same key gives the same transfer' });

export const startInput = z.object({
  caller,
  headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
  body: z.union([s3Request, clientRequest]),
});
export type StartInput = z.infer<typeof startInput>;

export const idInput = z.object({ caller, path: z.object({ id }) });
export type IdInput = z.infer<typeof idInput>;

export const decimal = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`);

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const mapInput = z.object({
  caller,
  path: z.object({ id }),
  headers: z.object({
    'if-none-match': z.string().max(1_024).optional().meta({ description: 'The ETag of the map at hand' }),
  }),
});
export type MapInput = z.infer<typeof mapInput>;

export const cancelInput = z.object({
  caller,
  path: z.object({ id }),
  query: z.object({
    keepUpload: flag.optional().meta({ description: 'Leave the unfinished upload in COS, for a later try' }),
  }),
});
export type CancelInput = z.infer<typeof cancelInput>;

export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be the cursor of the page before')
  .meta({ description: '`next` of the page before, with the same filters' });
export const prefix = z.string().min(1).max(KEY_MAX);

export const pageInput = z.object({
  caller,
  query: z.object({
    state: z.enum(TRANSFER_STATES).optional(),
    limit: decimal(1, 100).optional().meta({ description: '1 to 100, 20 unless given' }),
    cursor: cursor.optional(),
    from: decimal(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Begun at this time or later' }),
    until: decimal(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Begun before this time' }),
    prefix: prefix
      .optional()
      .meta({ description: "Of the object's key; of the target's path for an upload of a client" }),
  }),
});
export type PageInput = z.infer<typeof pageInput>;

export const slicesInput = z.object({
  caller,
  path: z.object({ id }),
  query: z.object({
    from: decimal(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Look from this offset on' }),
    limit: decimal(1, 10_000).optional().meta({ description: 'Missing slices at most, 1,000 unless given' }),
  }),
});
export type SlicesInput = z.infer<typeof slicesInput>;

export const putInput = z.object({
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
});
export type PutInput = z.infer<typeof putInput>;

const slice = z.object({ offset: bytes, length: z.int().positive() }).meta({ id: 'Slice' });
const count = z.object({ total: bytes, held: bytes });

export const transferView = z
  .object({
    id: z.string(),
    state: z.enum(TRANSFER_STATES),
    source: receipt.shape.source,
    target: receipt.shape.target,
    options: transferOptions,
    createdAt: at,
    updatedAt: at,
    attempts: z.int().meta({ description: 'How often an upload was begun or taken up again' }),
    sliceSize: z.int().optional().meta({ description: 'In bytes; known once COS opened the upload' }),
    serial: z.boolean().optional().meta({ description: 'COS wants the slices one at a time, in order' }),
    progress: z.object({
      bytes: count,
      slices: count.optional(),
      bytesPerSecond: z.int().optional(),
      secondsLeft: z.int().optional(),
    }),
    reason: z
      .object({
        error: z.string(),
        message: z.string(),
        wayOut: z.string().optional(),
        cosCode: z.number().optional(),
        requestId: z.string().optional(),
      })
      .optional()
      .meta({ description: 'Why it ended without being stored' }),
    receipt: receipt.meta({ id: 'Receipt', description: 'The proof that COS holds the source' }).optional(),
    links: z.object({ self: z.string(), slices: z.string(), finish: z.string() }),
  })
  .meta({ id: 'Transfer' });
export type TransferView = z.infer<typeof transferView>;

export const receiptView = transferView.shape.receipt.unwrap();

export const pageView = z
  .object({ transfers: z.array(transferView), next: z.string().optional() })
  .meta({ id: 'TransferPage' });
export type PageView = z.infer<typeof pageView>;

export const slicesView = z
  .object({
    transferId: z.string(),
    state: z.enum(TRANSFER_STATES),
    size: bytes,
    sliceSize: z.int(),
    serial: z.boolean(),
    bytes: count,
    slices: count,
    held: z.array(slice).meta({ description: 'Ranges that need not be sent, joined' }),
    missing: z.array(slice).meta({ description: 'Slices to send, each with a PUT of its own' }),
    next: z.int().optional().meta({ description: 'There is more: ask again with from=next' }),
  })
  .meta({ id: 'Slices' });
export type SlicesView = z.infer<typeof slicesView>;

export const sliceView = z
  .object({
    offset: bytes,
    length: z.int(),
    md5: z.string().meta({ description: 'Lower-case hex, as COS received it' }),
  })
  .meta({ id: 'StoredSlice' });
export type SliceView = z.infer<typeof sliceView>;

const pairs = z.array(z.tuple([bytes, bytes])).meta({ description: 'Each [offset, length], in bytes' });

export const mapView = z
  .object({
    transferId: z.string(),
    state: z.enum(TRANSFER_STATES),
    size: bytes,
    sliceSize: z.int(),
    createdAt: at,
    updatedAt: at,
    attempts: z.int(),
    restarted: z
      .boolean()
      .meta({ description: 'COS lost a session: what was sent before it counts for nothing' }),
    heldBefore: z
      .array(z.object({ at, attempt: z.int(), ranges: pairs }))
      .meta({ description: 'What COS held when an attempt began' }),
    calls: z
      .array(
        z.object({
          span: z.tuple([bytes, bytes]).optional(),
          began: at,
          at,
          attempt: z.int(),
          sent: z.int(),
          resent: z.int(),
          confirmed: pairs,
          damaged: pairs.optional(),
        }),
      )
      .meta({ description: 'What each worker call sent, oldest first' }),
  })
  .meta({ id: 'SliceMap' });
export type MapView = z.infer<typeof mapView> & { readonly etag: string };
