import * as z from 'zod';
import { receipt } from '../records/receipt.ts';
import { TRANSFER_STATES } from '../records/transfer.ts';
import { transferOptions } from '../records/transfer-options.ts';
import { whenUsed } from '../when-used.ts';
import { at, bytes } from './fields.ts';

const slice = whenUsed(() => z.object({ offset: bytes, length: z.int().positive() }).meta({ id: 'Slice' }));

const count = whenUsed(() => z.object({ total: bytes, held: bytes }));

export const transferView = whenUsed(() =>
  z
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
        bytes: count(),
        slices: count().optional(),
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
    .meta({ id: 'Transfer' }),
);
export type TransferView = z.infer<ReturnType<typeof transferView>>;

export const receiptView = whenUsed(() => transferView().shape.receipt.unwrap());

export const pageView = whenUsed(() =>
  z
    .object({
      transfers: z.array(transferView()),
      counts: z
        .partialRecord(z.enum(TRANSFER_STATES), z.int())
        .optional()
        .meta({ description: 'With count=true: how many of each state this page counted' }),
      next: z.string().optional(),
    })
    .meta({ id: 'TransferPage' }),
);
export type PageView = z.infer<ReturnType<typeof pageView>>;

export const slicesView = whenUsed(() =>
  z
    .object({
      transferId: z.string(),
      state: z.enum(TRANSFER_STATES),
      size: bytes,
      sliceSize: z.int(),
      serial: z.boolean(),
      bytes: count(),
      slices: count(),
      held: z.array(slice()).meta({ description: 'Ranges that need not be sent, joined' }),
      missing: z.array(slice()).meta({ description: 'Slices to send, each with a PUT of its own' }),
      next: z.int().optional().meta({ description: 'There is more: ask again with from=next' }),
    })
    .meta({ id: 'Slices' }),
);
export type SlicesView = z.infer<ReturnType<typeof slicesView>>;

export const sliceView = whenUsed(() =>
  z
    .object({
      offset: bytes,
      length: z.int(),
      md5: z.string().meta({ description: 'Lower-case hex, as COS received it' }),
    })
    .meta({ id: 'StoredSlice' }),
);
export type SliceView = z.infer<ReturnType<typeof sliceView>>;
