import * as z from 'zod';
import { asError } from '../errors.ts';
import type { BackfillServices } from '../services.ts';
import type { Carried } from './carry-listed.ts';
import { type ListedObject, readItem } from './listed-object.ts';
import type { OutcomeLine } from './outcome-line.ts';
import type { BatchJob } from './take-up.ts';

/** An item of a batch, understood. `bytes` is what it takes in memory. */
export type Read =
  | {
      readonly kind: 'load';
      readonly item: unknown;
      readonly object: ListedObject;
      readonly bytes: number;
      /** The transfer that an earlier try wrote down. */
      readonly begun: string | undefined;
    }
  | { readonly kind: 'filtered'; readonly bytes: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'bad'; readonly line: OutcomeLine };

/** An item that goes round again names the transfer that was written down for it. */
const marked = z.looseObject({ relayBegun: z.string().optional() });

/** The item for its next try. */
export function marking({ item, begun }: Pick<Load, 'item' | 'begun'>, result: Carried | undefined): unknown {
  const now =
    result?.kind === 'again' ? result.begun : result?.kind === 'large' ? result.large.transferId : undefined;
  const mark = now ?? begun;
  const fields = marked.safeParse(item).data;
  return fields && mark !== undefined ? { ...fields, relayBegun: mark } : item;
}

export function readLoad(
  item: unknown,
  { source, mode }: BatchJob,
  counts: (object: ListedObject) => boolean,
  { settings }: BackfillServices,
): Read {
  try {
    const object = readItem(source.kind, item);
    if (!object) return { kind: 'none' };
    const size = object.size ?? settings.smallObjectMax; // a list tells no sizes: one at a time
    if (!counts(object)) return { kind: 'filtered', bytes: object.size ?? 0 };
    const isRead = mode === 'carry' && size <= settings.smallObjectMax;
    return {
      kind: 'load',
      item,
      object,
      bytes: isRead ? size : 0,
      begun: marked.safeParse(item).data?.relayBegun,
    };
  } catch (error) {
    const message = `an entry of the list cannot be read: ${asError(error).message.slice(0, 200)}`;
    return { kind: 'bad', line: { outcome: 'failed', reason: { error: 'BadInput', message } } };
  }
}

type Load = Extract<Read, { kind: 'load' }>;

/** One line for all that the filters left out. */
export function filteredLine(read: readonly Read[], results: readonly Carried[]): OutcomeLine[] {
  const sizes = [
    ...read.flatMap((load) => (load.kind === 'filtered' ? [load.bytes] : [])),
    ...results.flatMap((one) =>
      one.kind === 'line' && one.line.outcome === 'filtered' ? [one.line.size ?? 0] : [],
    ),
  ];
  if (sizes.length === 0) return [];
  return [{ outcome: 'filtered', count: sizes.length, size: sizes.reduce((sum, each) => sum + each, 0) }];
}

/** What the first pass hands to the second. */
export const leftLine = (load: Load, result: Carried | undefined): OutcomeLine => ({
  outcome: 'left',
  key: load.object.key,
  ...(load.object.versionId !== undefined && { versionId: load.object.versionId }),
  item: marking(load, result),
});
