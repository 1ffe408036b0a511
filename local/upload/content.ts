import type { Slice } from '../../shared/slices/slices.ts';

/** What is uploaded, pinned to how it was at the start. */
export type Content = {
  /** In bytes. */
  readonly size: number;
  /** Another one as soon as the content is another: who says the same again goes on with the same upload. */
  readonly version: string;
  /** Nobody can say this version a second time, so an upload that breaks off is cancelled. */
  readonly isOnce: boolean;
  /** The first byte that can still be read: 0 but for a stream. */
  from(): number;
  read(slice: Slice): Promise<Uint8Array<ArrayBuffer>>;
  /** Throws ContentChanged. */
  mustBeUnchanged(): Promise<void>;
  close(): Promise<void>;
};

/** It became another while it was sent; nothing was finished. */
export class ContentChanged extends Error {
  override readonly name = 'ContentChanged';
}
