import * as z from 'zod';

/** An object as a listing names it. Everything but the key may be unknown, and is a hint: S3's own answer counts. */
export type ListedObject = {
  readonly key: string;
  readonly versionId?: string | undefined;
  /** In bytes. */
  readonly size?: number | undefined;
  /** In ms since the epoch. */
  readonly lastModified?: number | undefined;
  readonly storageClass?: string | undefined;
};

const text = z.string().optional();

/** `listObjectsV2` as Step Functions hands it on: `LastModified` in seconds (there), or as a date. */
const listed = z
  .object({
    Key: z.string(),
    Size: z.number(),
    LastModified: z.union([z.number(), z.string()]),
    StorageClass: text,
  })
  .transform(
    ({ Key, Size, LastModified, StorageClass }): ListedObject => ({
      key: Key,
      size: Size,
      lastModified: typeof LastModified === 'number' ? LastModified * 1_000 : Date.parse(LastModified),
      storageClass: StorageClass,
    }),
  );

/** A row of S3 Inventory, with the columns that were chosen for it; every value is text, the key is URL-encoded. */
const inventoried = z
  .object({
    Key: z.string(),
    VersionId: text,
    IsLatest: text,
    IsDeleteMarker: text,
    Size: text,
    LastModifiedDate: text,
    StorageClass: text,
    IntelligentTieringAccessTier: text,
  })
  .transform((row): ListedObject | undefined => {
    if (row.IsLatest === 'false' || row.IsDeleteMarker === 'true') return undefined;
    const tier = row.IntelligentTieringAccessTier;
    return {
      key: decodeURIComponent(row.Key.replaceAll('+', ' ')),
      ...(row.VersionId && { versionId: row.VersionId }),
      ...(row.Size && { size: Number(row.Size) }),
      ...(row.LastModifiedDate && { lastModified: Date.parse(row.LastModifiedDate) }),
      storageClass: tier?.includes('ARCHIVE') ? tier : row.StorageClass,
    };
  });

/** A line of a list: ours has small letters, what S3 tells has capitals. */
const named = z
  .object({ key: text, Key: text, versionId: text, VersionId: text })
  .transform(({ key, Key, versionId, VersionId }, context): ListedObject => {
    const name = key ?? Key;
    if (!name) context.addIssue('names no key');
    const version = versionId || VersionId;
    return { key: name ?? '', ...(version && { versionId: version }) };
  });

const row = z
  .object({ row: named, index: z.number() })
  // a header of the list's own
  .transform(({ row: it, index }) => (index === 0 && it.key.toLowerCase() === 'key' ? undefined : it));

const READERS = { bucket: listed, csv: row, lines: named, inventory: inventoried };

/** The object that an item of the map names; undefined for one that names none (a header, a delete marker). Throws ZodError. */
export const readItem = (kind: keyof typeof READERS, item: unknown): ListedObject | undefined =>
  READERS[kind].parse(item);
