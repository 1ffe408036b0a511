import * as z from 'zod';

const place = { bucket: z.string(), path: z.string() };

/** A finished file; `dataId` names its bytes below `data/`. Times are epoch seconds. */
export const fileRecord = z.object({
  ...place,
  dataId: z.string(),
  size: z.number(),
  sha: z.string().optional(),
  customHeaders: z.record(z.string(), z.string()),
  bizAttr: z.string(),
  authority: z.string(),
  ctime: z.number(),
  mtime: z.number(),
  closedSession: z.string().optional(), // the session that the endpoint closed by itself
});
export type FileRecord = z.infer<typeof fileRecord>;

/** A directory: its path ends in a slash. */
export const folderRecord = z.object({
  ...place,
  bizAttr: z.string(),
  ctime: z.number(),
  mtime: z.number(),
});
export type FolderRecord = z.infer<typeof folderRecord>;

/** An unfinished upload; its bytes lie below `data/` under the session's name. */
export const uploadRecord = z.object({
  ...place,
  session: z.string(),
  filesize: z.number(),
  sliceSize: z.number(),
  sha: z.string().optional(),
  insertOnly: z.boolean(),
  serial: z.boolean(),
  older: z.boolean().optional(), // opened by op=upload_slice: the last slice closes it
  bizAttr: z.string(),
  ctime: z.number(),
});
export type UploadRecord = z.infer<typeof uploadRecord>;

/** What a fresh file has before anybody sets something on it. */
export const newFile = (bucket: string, path: string, seconds: number) => ({
  bucket,
  path,
  customHeaders: {},
  authority: 'eInvalid', // COS's word for: as the bucket says
  ctime: seconds,
  mtime: seconds,
});
