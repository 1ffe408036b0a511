import type { Landing } from '../disk/landing.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Content } from './content.ts';

/** What a request says, whether it came as multipart/form-data or as JSON. Field names are in lower case. */
export type Form = {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly content?: Content;
};

export type FormReading = {
  readonly bandwidth: Bandwidth | undefined;
  /** Where file content shall go, by the fields that stood before it. The caller releases it when the request is over. */
  land(before: ReadonlyMap<string, string>): Landing;
};

/** Reads a body as it arrives; what is wrong with it is thrown as Refused, at once or at the end. */
export type FormReader = {
  push(chunk: Buffer): void;
  /** To be awaited before more is pushed. */
  ready(): Promise<void> | undefined;
  end(): Form | Promise<Form>;
};

export const LONGEST_TEXT_BYTES = 32 * 1024 * 1024; // uploadparts of the largest file fits many times
