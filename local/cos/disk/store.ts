import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileLandings } from './file-landings.ts';
import { type JsonRecords, openJsonRecords } from './json-records.ts';
import type { Landing } from './landing.ts';
import {
  type FileRecord,
  type FolderRecord,
  fileRecord,
  folderRecord,
  type UploadRecord,
  uploadRecord,
} from './records.ts';
import { openSliceFile, type SliceFile } from './slice-file.ts';

/**
 * dataDir/
 *   files/    one JSON a finished file      uploads/  one JSON an unfinished upload
 *   folders/  one JSON a directory          journals/ the slices held, appended one by one
 *   data/     the bytes, finished or not: finishing moves nothing
 */
export type Store = {
  readonly files: Pick<JsonRecords<FileRecord>, 'get' | 'all'>;
  readonly folders: JsonRecords<FolderRecord>;
  readonly uploads: Pick<JsonRecords<UploadRecord>, 'get' | 'all'>;
  dataPath(dataId: string): string;
  slices(upload: UploadRecord): SliceFile;
  openUpload(upload: UploadRecord): Promise<void>;
  dropUpload(upload: UploadRecord): Promise<void>;
  /** The upload's bytes become those of `file`, which must carry its session as `dataId`. */
  closeUpload(upload: UploadRecord, file: FileRecord): Promise<void>;
  /** Puts the record in place and drops the bytes of the one it replaces. */
  placeFile(file: FileRecord): Promise<void>;
  dropFile(file: FileRecord): Promise<void>;
  /** Room for up to `room` bytes in a file of their own. */
  landFile(room: number): Landing;
  /** The `dataId` of bytes that landed in a file of their own, which stay from now on; throws if they do not, or stay already. */
  keep(landing: Landing): string;
  /** A second name for the same bytes; resolves with it. */
  shareData(dataId: string): Promise<string>;
  /** Of the upload's bytes as they lie in its file. */
  sha1(upload: UploadRecord): Promise<string>;
  close(): Promise<void>;
};

export async function openStore(dataDir: string): Promise<Store> {
  const dirs = { data: join(dataDir, 'data'), journals: join(dataDir, 'journals') };
  await Promise.all(Object.values(dirs).map((dir) => mkdir(dir, { recursive: true })));
  const files = await openJsonRecords(join(dataDir, 'files'), fileRecord);
  const folders = await openJsonRecords(join(dataDir, 'folders'), folderRecord);
  const uploads = await openJsonRecords(join(dataDir, 'uploads'), uploadRecord);
  await tidy(dirs, files, uploads);

  const open = new Map<string, SliceFile>();
  const dataPath = (dataId: string) => join(dirs.data, dataId);
  const newDataId = () => randomBytes(32).toString('hex');
  const landings = fileLandings(dataPath, newDataId);
  const journalPath = (session: string) => join(dirs.journals, session);
  const dropData = (dataId: string) => rm(dataPath(dataId), { force: true });

  const slices = (upload: UploadRecord): SliceFile => {
    const { session } = upload;
    const paths = { data: dataPath(session), journal: journalPath(session) };
    const file = open.get(session) ?? openSliceFile(paths, upload);
    open.set(session, file);
    return file;
  };
  const forget = async (upload: UploadRecord) => {
    const removing = uploads.remove(upload); // from memory at once: no slice of it can begin to arrive now
    await open.get(upload.session)?.close();
    open.delete(upload.session);
    await removing;
    await rm(journalPath(upload.session), { force: true });
  };
  const placeFile = async (file: FileRecord) => {
    const old = files.get(file.bucket, file.path);
    await files.put(file);
    if (old && old.dataId !== file.dataId) await dropData(old.dataId);
  };

  return {
    files,
    folders,
    uploads,
    dataPath,
    slices,
    placeFile,
    async openUpload(upload) {
      await writeFile(dataPath(upload.session), '');
      await truncate(dataPath(upload.session), upload.filesize); // sparse: room without bytes
      await uploads.put(upload);
    },
    async dropUpload(upload) {
      await forget(upload);
      await dropData(upload.session);
    },
    async closeUpload(upload, file) {
      await placeFile(file);
      await forget(upload);
      await truncate(dataPath(upload.session), upload.filesize); // the spare places, where nobody reads, go last
    },
    async dropFile(file) {
      await files.remove(file);
      await dropData(file.dataId);
    },
    landFile: landings.land,
    keep(landing) {
      const dataId = landings.keep(landing);
      if (dataId === undefined) throw new Error('the content has no file of its own');
      return dataId;
    },
    async shareData(from) {
      const to = newDataId();
      await link(dataPath(from), dataPath(to)).catch(() => copyFile(dataPath(from), dataPath(to)));
      return to;
    },
    async sha1({ session, filesize }) {
      const hash = createHash('sha1');
      const bytes = { start: 0, end: filesize - 1, highWaterMark: 1024 * 1024 };
      await pipeline(createReadStream(dataPath(session), bytes), hash);
      return hash.digest('hex');
    },
    async close() {
      await Promise.all([...open.values()].map((file) => file.close()));
    },
  };
}

/** Sweeps up after a kill: an upload whose file is already in place is closed, bytes of nobody go. */
async function tidy(
  dirs: { readonly data: string; readonly journals: string },
  files: JsonRecords<FileRecord>,
  uploads: JsonRecords<UploadRecord>,
): Promise<void> {
  const finished = new Set([...files.all()].map((file) => file.dataId));
  for (const upload of [...uploads.all()]) if (finished.has(upload.session)) await uploads.remove(upload);
  const unfinished = new Set([...uploads.all()].map((upload) => upload.session));
  await sweep(dirs.data, (name) => finished.has(name) || unfinished.has(name));
  await sweep(dirs.journals, (name) => unfinished.has(name));
}

async function sweep(dir: string, wanted: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(dir)) if (!wanted(name)) await rm(join(dir, name), { force: true });
}
