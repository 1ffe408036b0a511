import { closeSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Cut, type HeldSlices, heldSlices } from './held-slices.ts';
import { entryBytes, readJournal } from './journal.ts';
import { type Landing, openLanding } from './landing.ts';

/**
 * The bytes of one unfinished upload, and the journal that says which slices are among them. A slice is written to its own place
 * while it arrives. Where one is held already, or another is on its way, it is written to a spare place behind the file's end:
 * so a slice that breaks off harms none that is held. The one taken last counts.
 */
export type SliceFile = {
  readonly held: HeldSlices;
  /** A place for the slice at `offset`, until it is released. */
  land(offset: number): Landing;
  /** Resolves when the bytes are in the file and then in the journal: a kill forgets, it never invents. */
  take(offset: number, landing: Landing): Promise<void>;
  /** Moves what lies in spare places into its own: then the file's bytes are those uploaded. Not beside a `take`. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

export type SliceFilePaths = { readonly data: string; readonly journal: string };

type Handles = { readonly data: Promise<FileHandle>; readonly journal: number };
type Claim = { readonly offset: number; readonly spare: number };

const IDLE_MS = 5_000; // then the files are closed: thousands of uploads may lie unfinished

export function openSliceFile(paths: SliceFilePaths, cut: Cut): SliceFile {
  const { filesize, sliceSize } = cut;
  const held = heldSlices(cut);
  readJournal(paths.journal, held.hold);
  const { displaced } = held;
  const claims = new Map<Landing, Claim>();
  let handles: Handles | undefined;
  let idle: NodeJS.Timeout | undefined;

  const lengthOf = (offset: number) => Math.min(sliceSize, filesize - offset);
  const startOf = ({ offset, spare }: Claim) => (spare === 0 ? offset : filesize + (spare - 1) * sliceSize);

  const inUse = (): Handles => {
    clearTimeout(idle);
    handles ??= { data: openData(paths.data), journal: openSync(paths.journal, 'a') };
    return handles;
  };
  const close = async () => {
    clearTimeout(idle);
    const closing = handles;
    handles = undefined;
    await Promise.all([...claims.keys()].map((landing) => landing.stop()));
    claims.clear();
    if (!closing) return;
    closeSync(closing.journal);
    await closing.data.then((data) => data.close()).catch(() => undefined);
  };

  const isTaken = (offset: number): boolean =>
    (held.has(offset) && !displaced.has(offset)) || onItsWay(offset) !== undefined;
  const onItsWay = (offset: number): Landing | undefined =>
    [...claims].find(([, claim]) => claim.offset === offset && claim.spare === 0)?.[0];
  const freeSpare = (): number => {
    const used = new Set([...displaced.values(), ...[...claims.values()].map(({ spare }) => spare)]);
    let spare = 1;
    while (used.has(spare)) spare += 1;
    return spare;
  };

  const enter = (claim: Claim): void => {
    const { offset, spare } = claim;
    writeSync(inUse().journal, entryBytes({ offset, length: lengthOf(offset), spare }));
    held.hold(offset, spare);
  };

  const land = (offset: number): Landing => {
    const claim = { offset, spare: isTaken(offset) ? freeSpare() : 0 };
    const stretch = { at: startOf(claim), room: lengthOf(offset) };
    const landing = openLanding(inUse().data, stretch, async () => {
      claims.delete(landing);
      clearTimeout(idle);
      if (claims.size === 0 && handles) idle = setTimeout(close, IDLE_MS).unref();
    });
    claims.set(landing, claim);
    return landing;
  };

  const copyIn = async (offset: number, from: Landing): Promise<void> => {
    const landing = land(offset);
    try {
      for await (const piece of from.read()) {
        landing.add(piece);
        await landing.ready();
      }
      await take(offset, landing);
    } finally {
      await landing.release();
    }
  };

  const take = async (offset: number, landing: Landing): Promise<void> => {
    await landing.flush();
    const claim = claims.get(landing);
    if (claim?.offset === offset) enter(claim);
    else await copyIn(offset, landing); // it came before the fields that say where it belongs
  };

  return {
    held,
    land,
    take,
    async settle() {
      for (const [offset, spare] of [...displaced]) {
        await onItsWay(offset)?.stop();
        const data = await inUse().data;
        const { buffer } = await data.read({
          buffer: Buffer.allocUnsafe(lengthOf(offset)),
          position: startOf({ offset, spare }),
        });
        await data.write(buffer, 0, buffer.length, offset);
        enter({ offset, spare: 0 });
      }
    },
    close,
  };
}

function openData(path: string): Promise<FileHandle> {
  const opening = open(path, 'r+');
  opening.catch(() => undefined); // whoever writes hears of it
  return opening;
}
