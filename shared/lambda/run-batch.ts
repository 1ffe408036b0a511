/** What a load of work is about, and the memory it takes, in bytes. */
export type Load = { readonly name: string; readonly bytes: number };

/**
 * Does all loads of work at once, as far as they fit into `room` bytes together; one that alone is larger goes alone.
 * Those of the same name go one after the other, in the order they came. Once `hurry` fires, none waits for room any
 * more: what begins then is late, and must do without. `work` must not throw.
 */
export async function runBatch<T extends Load>(
  loads: readonly T[],
  room: number,
  hurry: AbortSignal,
  work: (load: T, late: boolean) => Promise<void>,
): Promise<void> {
  const waiting = [...loads];
  const underWay = new Set<Promise<void>>();
  const names = new Set<string>();
  let taken = 0;
  const late = new Promise<void>((resolve) => {
    if (hurry.aborted) resolve();
    else hurry.addEventListener('abort', () => resolve(), { once: true });
  });

  const start = (load: T): void => {
    const bytes = hurry.aborted ? 0 : load.bytes;
    names.add(load.name);
    taken += bytes;
    const one = work(load, hurry.aborted).finally(() => {
      names.delete(load.name);
      taken -= bytes;
      underWay.delete(one);
    });
    underWay.add(one);
  };

  while (waiting.length > 0) {
    const passed = new Set(names); // a name that waits is not overtaken by its successor
    for (const load of [...waiting]) {
      const fits = hurry.aborted || load.bytes === 0 || taken === 0 || taken + load.bytes <= room;
      if (fits && !passed.has(load.name)) {
        waiting.splice(waiting.indexOf(load), 1);
        start(load);
      }
      passed.add(load.name);
    }
    await Promise.race(hurry.aborted ? underWay : [late, ...underWay]);
  }
  await Promise.all(underWay);
}
