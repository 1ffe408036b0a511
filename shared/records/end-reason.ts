import * as z from 'zod';
import { RelayError, SourceChanged, SourceMissing } from '../errors.ts';
import { told } from '../told-error.ts';

/** Why a transfer ended, as it is written down. */
export const reasonOf = (thrown: unknown): EndReason => told(thrown);

/** The version was overwritten or deleted: whatever came after it has an event of its own. */
export const isGone = (error: unknown): boolean =>
  error instanceof SourceChanged || (error instanceof SourceMissing && error.absent);

/** The same again would end the same way. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof RelayError && error.remedy === 'give-up';

export type EndReason = {
  error: string;
  message: string;
  wayOut?: string | undefined;
  cosCode?: number | undefined;
  requestId?: string | undefined;
};

/** Why a transfer ended without being stored. */
export const reason = z.object({
  error: z.string(),
  message: z.string(),
  wayOut: z.string().optional(),
  cosCode: z.number().optional(),
  requestId: z.string().optional(),
});

export type Reason = z.infer<typeof reason>;
