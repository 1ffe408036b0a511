import * as z from 'zod';
import { TRANSFER_STATES } from '../records/transfer.ts';
import { whenUsed } from '../when-used.ts';
import { caller } from './caller.ts';
import { at, bytes, id } from './fields.ts';

export const mapInput = whenUsed(() =>
  z.object({
    caller,
    path: z.object({ id }),
    headers: z.object({
      'if-none-match': z.string().max(1_024).optional().meta({ description: 'The ETag of the map at hand' }),
    }),
  }),
);
export type MapInput = z.infer<ReturnType<typeof mapInput>>;

const pairs = whenUsed(() =>
  z.array(z.tuple([bytes, bytes])).meta({ description: 'Each [offset, length], in bytes' }),
);

export const mapView = whenUsed(() =>
  z
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
        .array(z.object({ at, attempt: z.int(), ranges: pairs() }))
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
            confirmed: pairs(),
            damaged: pairs().optional(),
          }),
        )
        .meta({ description: 'What each worker call sent, oldest first' }),
    })
    .meta({ id: 'SliceMap' }),
);
export type MapView = z.infer<ReturnType<typeof mapView>> & { readonly etag: string };
