import type { CosRefused } from '../errors.ts';
import type { Slice } from '../slices/slices.ts';
import type { CosTarget } from './target.ts';

/** The addresses COS gives a finished file. */
export type FileLinks = { readonly accessUrl?: string; readonly sourceUrl?: string; readonly url?: string };

type OpenRequest = {
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** In bytes; COS may overrule it. */
  readonly sliceSize: number;
  /** True: fail if the file exists. False: replace it. */
  readonly insertOnly: boolean;
  /** Lower-case hex SHA-1 of the whole file with its chain (`uploadparts`, JSON): COS then checks the whole at finish. */
  readonly whole?: { readonly sha1: string; readonly uploadParts: string };
};

export type Opened =
  | { readonly kind: 'stored'; readonly links: FileLinks } // instant upload: COS holds these bytes already
  | {
      readonly kind: 'session';
      readonly session: string;
      readonly sliceSize: number;
      readonly serial: boolean;
    }
  | { readonly kind: 'unfinished' } // an earlier session is still open: list it
  | { readonly kind: 'exists' } // a file is there and insertOnly was asked for
  | { readonly kind: 'no-directory' }
  | { readonly kind: 'slice-size-refused' };

export type Listed =
  | {
      readonly kind: 'unfinished';
      readonly session: string;
      readonly size: number;
      readonly sliceSize: number;
      readonly sha1?: string;
      readonly held: readonly Slice[];
    }
  | { readonly kind: 'finished'; readonly links: FileLinks }
  | { readonly kind: 'none' };

export type PutRequest = {
  readonly session: string;
  readonly offset: number;
  readonly content: Uint8Array;
  /** The whole file's, when init carried it. */
  readonly sha1?: string;
  /** Once it fires, a request that still waits for its place is not sent. */
  readonly beginBy?: AbortSignal;
};

type Put =
  | { readonly kind: 'not-begun' } // only with `beginBy`, from a client that makes requests wait (`withPace`)
  // `md5`: lower-case hex, of the bytes as COS received them. It may be left out when COS closed the file by itself.
  | { readonly kind: 'held'; readonly md5?: string; readonly closed: boolean }
  | { readonly kind: 'wrong-sha'; readonly error: CosRefused } // all slices are there, and one of them is damaged
  | { readonly kind: 'refused'; readonly error: CosRefused }; // the session may be lost: the list tells

export type FinishRequest = { readonly session: string; readonly size: number; readonly sha1?: string };

export type Finished =
  | { readonly kind: 'stored'; readonly links: FileLinks; readonly requestId: string }
  | { readonly kind: 'gap' } // slices are missing
  | { readonly kind: 'wrong-sha'; readonly error: CosRefused }
  | { readonly kind: 'refused'; readonly error: CosRefused }; // done by an earlier try, or the session is lost

type UploadRequest = {
  readonly content: Uint8Array;
  readonly insertOnly: boolean;
  readonly sha1: string;
};

export type Uploaded =
  | { readonly kind: 'stored'; readonly links: FileLinks; readonly requestId: string }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'no-directory' };

/** `received` is below `size` while the upload is unfinished. Times in s since the epoch, by COS's clock. */
export type CosFile = {
  readonly kind: 'file';
  readonly size: number;
  readonly received: number;
  readonly sha1?: string;
  readonly createdAt?: number;
  readonly modifiedAt?: number;
  /** Those that were set by op=update. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly links: FileLinks;
  readonly requestId: string;
};

/** A page of a directory: the names in it, those of directories ending in `/`. Sizes in bytes. */
type FolderPage = {
  readonly files: readonly { readonly name: string; readonly size: number; readonly received: number }[];
  readonly folders: readonly string[];
  /** There is more: ask again after it. */
  readonly next?: string;
};

type Removed = { readonly kind: 'removed' | 'none' };
type Updated = { readonly kind: 'updated' } | { readonly kind: 'refused'; readonly error: CosRefused };

/**
 * The COS v4 operations a relay needs. Every method throws CosUnavailable when the trouble may pass, CosRefused when
 * it will not, and the signal's reason when it fires.
 */
export type CosClient = {
  open(target: CosTarget, request: OpenRequest, signal: AbortSignal): Promise<Opened>;
  list(target: CosTarget, signal: AbortSignal): Promise<Listed>;
  put(target: CosTarget, request: PutRequest, signal: AbortSignal): Promise<Put>;
  finish(target: CosTarget, request: FinishRequest, signal: AbortSignal): Promise<Finished>;
  upload(target: CosTarget, request: UploadRequest, signal: AbortSignal): Promise<Uploaded>;
  stat(target: CosTarget, signal: AbortSignal): Promise<CosFile | { readonly kind: 'none' }>;
  /** Removes the file and any unfinished upload of the path. */
  remove(target: CosTarget, signal: AbortSignal): Promise<Removed>;
  /** Sets the headers that readers of the file get (op=update). */
  update(target: CosTarget, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Updated>;
  /** What lies in the directory `path` (ending in `/`, or empty); nothing if there is no such directory. */
  folder(target: CosTarget, after: string | undefined, signal: AbortSignal): Promise<FolderPage>;
  /** Makes the directory `path` (ending in `/`); its parent must exist. One that exists is fine. */
  createDirectory(target: CosTarget, signal: AbortSignal): Promise<void>;
};
