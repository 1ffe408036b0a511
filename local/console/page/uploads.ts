import { CallFailed } from './api.ts';
import { sendFile } from './send-file.ts';
import { nameOf, type StoredFile, storedFiles } from './stored-files.ts';

export type Upload = {
  readonly file: StoredFile;
  readonly state: 'waiting' | 'sending' | 'offline' | 'paused' | 'failed';
  readonly held: number;
  readonly reason?: string;
};

/** So many files are under way at once; the others wait. */
const FILES_AT_ONCE = 2;

/** The uploads of this browser: each a file that goes slice by slice through the API, and survives a reload. */
export function openUploads(changed: (uploads: readonly Upload[]) => void) {
  const uploads = new Map<string, Upload>();
  const queue: { readonly content: File; readonly stored: StoredFile }[] = [];
  const stops = new Map<string, AbortController>();
  let running = 0;

  const show = () => changed([...uploads.values()]);
  const set = (upload: Upload) => {
    uploads.set(nameOf(upload.file), upload);
    show();
  };
  const drop = (file: StoredFile) => {
    uploads.delete(nameOf(file));
    show();
    return storedFiles.forget(file);
  };

  async function send(content: File, stored: StoredFile): Promise<void> {
    const stop = new AbortController();
    stops.set(nameOf(stored), stop);
    let now: Upload = { file: stored, state: 'sending', held: 0 };
    const update = (more: Partial<Upload>) => {
      now = { ...now, ...more };
      if (!stop.signal.aborted) set(now);
    };
    update({});
    try {
      await sendFile(content, {
        signal: stop.signal,
        opened: (transferId) => {
          const file = { ...now.file, transferId };
          update({ file });
          void storedFiles.keep(file);
        },
        progress: (held) => update({ held }),
        reachable: (yes) =>
          now.state === (yes ? 'offline' : 'sending') && update({ state: yes ? 'sending' : 'offline' }),
      });
      await drop(now.file);
    } catch (error) {
      const over = error instanceof CallFailed && error.kind === 'already-over';
      if (over || stop.signal.aborted) await drop(now.file);
      else update({ state: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  function next(): void {
    if (running >= FILES_AT_ONCE) return;
    const one = queue.shift();
    if (!one) return;
    running += 1;
    void send(one.content, one.stored).finally(() => {
      running -= 1;
      next();
    });
    next();
  }

  return {
    /** What an earlier page began and did not end. */
    async remember(): Promise<void> {
      for (const file of await storedFiles.all())
        if (!uploads.has(nameOf(file))) set({ file, state: 'paused', held: 0 });
    },
    add(content: File, handle?: FileSystemFileHandle): void {
      if (content.size === 0) return;
      const { name, size, lastModified: modified } = content;
      const stored: StoredFile = { name, size, modified, ...(handle && { handle }) };
      const known = uploads.get(nameOf(stored));
      if (known && known.state !== 'paused' && known.state !== 'failed') return; // it is under way
      set({ file: stored, state: 'waiting', held: 0 });
      void storedFiles.keep(stored);
      queue.push({ content, stored });
      next();
    },
    /** Reads the file again where the browser lets it; false: it must be chosen anew. */
    async goOn({ file }: Upload): Promise<boolean> {
      // in no type library yet: https://wicg.github.io/file-system-access/#api-filesystemhandle-requestpermission
      const handle = file.handle as
        | (FileSystemFileHandle & { requestPermission?: (of: { mode: string }) => Promise<string> })
        | undefined;
      if (!handle || (await handle.requestPermission?.({ mode: 'read' })) === 'denied') return false;
      this.add(await handle.getFile(), handle);
      return true;
    },
    forget({ file }: Upload): void {
      stops.get(nameOf(file))?.abort();
      void drop(file);
    },
  };
}

export type Uploads = ReturnType<typeof openUploads>;
