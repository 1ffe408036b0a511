import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Slice } from '../../shared/slices/slices.ts';
import { type Content, ContentChanged } from './content.ts';

/** A file on this disk; another version of it as soon as it is another file, or written to. */
export async function openFile(path: string): Promise<Content> {
  const file = await open(path);
  const versionNow = async (): Promise<{ size: number; version: string }> => {
    const { size, mtimeNs, ino, dev } = await file.stat({ bigint: true });
    const text = [dev, ino, size, mtimeNs].join(' ');
    return { size: Number(size), version: createHash('sha256').update(text).digest('hex').slice(0, 32) };
  };
  const { size, version } = await versionNow();
  return {
    size,
    version: `file ${version}`,
    isOnce: false,
    from: () => 0,
    read: (slice) => readWhole(file, path, slice),
    async mustBeUnchanged() {
      if ((await versionNow()).version === version) return;
      throw new ContentChanged(`${path} changed while it was sent; nothing was finished, run it again`);
    },
    close: () => file.close(),
  };
}

async function readWhole(file: FileHandle, path: string, slice: Slice): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(slice.length);
  for (let filled = 0; filled < slice.length; ) {
    const { bytesRead } = await file.read(bytes, filled, slice.length - filled, slice.offset + filled);
    if (bytesRead === 0) throw new ContentChanged(`${path} became shorter while it was sent`);
    filled += bytesRead;
  }
  return bytes;
}
