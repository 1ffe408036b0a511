/** What a piece of work is about, and the memory it takes, in bytes. */
export type Load = { readonly name: string; readonly bytes: number };

/**
 * Does all pieces of work at once, as far as they fit into `room` bytes together; one that alone is larger goes alone.
 * Those of the same name go one after the other, in the order they came. Once `hurry` fires, none waits for room any
 * more: what begins then is late, and must do without. `work` must not throw.
 */
export async function together<T extends Load>(
  pieces: readonly T[],
  room: number,
  hurry: AbortSignal,
  work: (piece: T, late: boolean) => Promise<void>,
): Promise<void> {
  const waiting = [...pieces];
  const underWay = new Set<Promise<void>>();
  const names = new Set<string>();
  let taken = 0;
  const late = new Promise<void>((resolve) => {
    if (hurry.aborted) resolve();
    else hurry.addEventListener('abort', () => resolve(), { once: true });
  });

  const start = (piece: T): void => {
    const bytes = hurry.aborted ? 0 : piece.bytes;
    names.add(piece.name);
    taken += bytes;
    const one = work(piece, hurry.aborted).finally(() => {
      names.delete(piece.name);
      taken -= bytes;
      underWay.delete(one);
    });
    underWay.add(one);
  };

  while (waiting.length > 0) {
    const passed = new Set(names); // a name that waits is not overtaken by its successor
    for (const piece of [...waiting]) {
      const fits = hurry.aborted || piece.bytes === 0 || taken === 0 || taken + piece.bytes <= room;
      if (fits && !passed.has(piece.name)) {
        waiting.splice(waiting.indexOf(piece), 1);
        start(piece);
      }
      passed.add(piece.name);
    }
    await Promise.race(hurry.aborted ? underWay : [late, ...underWay]);
  }
  await Promise.all(underWay);
}
