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
    }
  | { readonly kind: 'filtered'; readonly bytes: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'bad'; readonly line: OutcomeLine };

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
    return { kind: 'load', item, object, bytes: isRead ? size : 0 };
  } catch (error) {
    const message = `an entry of the list cannot be read: ${asError(error).message.slice(0, 200)}`;
    return { kind: 'bad', line: { outcome: 'failed', reason: { error: 'BadInput', message } } };
  }
}

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
export const leftLine = ({ item, object }: Extract<Read, { kind: 'load' }>): OutcomeLine => ({
  outcome: 'left',
  key: object.key,
  ...(object.versionId !== undefined && { versionId: object.versionId }),
  item,
});
