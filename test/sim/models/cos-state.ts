import type { Content } from './contents.ts';

/** How a COS behaves, as the options of the real endpoint have it. */
export type CosBehaviour = {
  readonly sliceSizes: readonly number[];
  /** Granted whatever was asked for. */
  readonly grantSliceSize?: number;
  readonly serial: boolean;
  readonly closesItself: boolean;
  /** What it says of a session it does not know. */
  readonly unknownSessionCode: number;
};

export const PLAIN: CosBehaviour = {
  sliceSizes: [524_288, 1_048_576, 2_097_152, 3_145_728],
  serial: false,
  closesItself: false,
  unknownSessionCode: -5999,
};

export type OpenUpload = {
  readonly session: string;
  readonly size: number;
  readonly sliceSize: number;
  readonly sha1?: string;
  readonly insertOnly: boolean;
  readonly openedAt: number;
  /** By offset, in the order they were stored. */
  readonly slices: Map<number, Content>;
};

export type StoredFile = {
  readonly slices: readonly Content[];
  readonly size: number;
  readonly sha1?: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The session COS closed by itself: its finish is answered as done. */
  readonly closedSession?: string;
};

/** All a COS holds of one bucket. */
export type CosState = {
  readonly behaviour: CosBehaviour;
  /** In s since the epoch. */
  readonly now: () => number;
  readonly files: Map<string, StoredFile>;
  readonly uploads: Map<string, OpenUpload>;
  readonly folders: Set<string>;
  count: number;
};

export const emptyCos = (behaviour: CosBehaviour, now: () => number): CosState => ({
  behaviour,
  now,
  files: new Map(),
  uploads: new Map(),
  folders: new Set(),
  count: 0,
});
