/**
 * Does all loads of work, at most `count` at once and in no more memory than `bytes` together; one that alone is larger
 * goes alone. None is begun once `stop` fires, but the first is always: a batch must shrink. `work` must not throw.
 */
export async function inRoom<T extends { readonly bytes: number }>(
  loads: readonly T[],
  room: { readonly bytes: number; readonly count: number },
  stop: AbortSignal,
  work: (load: T) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let taken = 0;
  let begun = 0;
  for (const load of loads) {
    while (underWay.size >= room.count || (underWay.size > 0 && taken + load.bytes > room.bytes))
      await Promise.race(underWay);
    if (stop.aborted && begun > 0) break;
    begun += 1;
    taken += load.bytes;
    const one = work(load).finally(() => {
      taken -= load.bytes;
      underWay.delete(one);
    });
    underWay.add(one);
  }
  await Promise.all(underWay);
}
