import { type FileHandle, open, rm } from 'node:fs/promises';
import { type Landing, openLanding } from './landing.ts';

/** Content on its way into files of its own, which are gone with the request unless somebody keeps them. */
export type FileLandings = {
  /** Takes up to `room` bytes. */
  land(room: number): Landing;
  /** The `dataId` of the file, from now on the caller's; none if the landing is no file or is kept already. */
  keep(landing: Landing): string | undefined;
};

export function fileLandings(dataPath: (dataId: string) => string, newDataId: () => string): FileLandings {
  const onTheirWay = new Map<Landing, string>();
  return {
    land(room) {
      const dataId = newDataId();
      const opening = open(dataPath(dataId), 'wx+');
      opening.catch(() => undefined); // whoever writes hears of it
      const landing = openLanding(opening, { at: 0, room }, async () => {
        const handle: FileHandle | undefined = await opening.catch(() => undefined);
        await handle?.close();
        if (onTheirWay.delete(landing)) await rm(dataPath(dataId), { force: true });
      });
      onTheirWay.set(landing, dataId);
      return landing;
    },
    keep(landing) {
      const dataId = onTheirWay.get(landing);
      onTheirWay.delete(landing);
      return dataId;
    },
  };
}
