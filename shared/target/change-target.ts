import type { Target } from '../records/target-record.ts';
import type { Services } from '../services.ts';
import type { Refusal, Transition } from './transition.ts';

/** What a transition did; `target` is what is stored afterwards. */
export type TargetChange =
  | { readonly done: true; readonly before: Target | undefined; readonly target: Target }
  | { readonly done: false; readonly why: Refusal; readonly target: Target | undefined };

export type TargetChangeOptions = {
  /** The target as it was read a moment ago: saves a read when nobody wrote since. */
  readonly known?: Target | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * The one loop that writes targets: applies a transition to what is stored now, and again when somebody else wrote in
 * between. Raises `revision` itself; a transition that refuses leaves the target as it is. Throws the signal's reason
 * between two tries.
 */
export async function changeTarget(
  { store }: Pick<Services, 'store'>,
  name: string,
  transition: Transition,
  { known, signal }: TargetChangeOptions = {},
): Promise<TargetChange> {
  for (let from = known; ; from = undefined) {
    signal?.throwIfAborted();
    from ??= await store.getTarget(name);
    const next = transition(from);
    if (typeof next === 'string') {
      if (from === known && known) continue; // read a moment ago is not read now
      return { done: false, why: next, target: from };
    }
    const target = { ...next, revision: (from?.revision ?? 0) + 1 };
    if (await store.replaceTarget(target)) return { done: true, before: from, target };
  }
}
