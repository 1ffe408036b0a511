import type { MapState } from './map-state.ts';
import { fillTemplate, lookUp, type Scope } from './payload-template.ts';

/** The input of one child, and how many items it is for. */
export type ChildInput = { readonly input: unknown; readonly items: number };

/** Items through ItemSelector and ItemBatcher, in this order (Developer Guide, "Map state input and output fields"). */
export function childInputs(state: MapState, items: readonly unknown[], scope: Scope): ChildInput[] {
  const selected = items.map((item, index) => select(state.ItemSelector, item, index, scope));
  const { ItemBatcher: batcher } = state;
  if (!batcher) return selected.map((input) => ({ input, items: 1 }));
  const most =
    batcher.MaxItemsPerBatchPath === undefined
      ? (batcher.MaxItemsPerBatch ?? Number.POSITIVE_INFINITY)
      : Number(lookUp(batcher.MaxItemsPerBatchPath, scope));
  const common = batcher.BatchInput ? { BatchInput: fillTemplate(batcher.BatchInput, scope) } : {};
  const room = (batcher.MaxInputBytesPerBatch ?? STATE_MAX) - Buffer.byteLength(JSON.stringify(common));
  return batched(selected, most, room).map((Items) => ({
    input: { ...common, Items },
    items: Items.length,
  }));
}

/** What a state may be given, in bytes. */
const STATE_MAX = 262_144;

const select = (template: MapState['ItemSelector'], item: unknown, index: number, scope: Scope): unknown =>
  template === undefined
    ? item
    : fillTemplate(template, {
        ...scope,
        context: { ...Object(scope.context), Map: { Item: { Index: index, Value: item } } },
      });

function batched(items: readonly unknown[], most: number, room: number): unknown[][] {
  const batches: unknown[][] = [];
  let current: unknown[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (current.length > 0 && (current.length >= most || bytes + size > room)) {
      batches.push(current);
      [current, bytes] = [[], 0];
    }
    current.push(item);
    bytes += size;
  }
  return current.length > 0 ? [...batches, current] : batches;
}
