import { hash } from 'node:crypto';

/** Bytes that a model holds. `of` is the version they were cut from, if they are bytes of one. */
export type Content = {
  readonly bytes: Uint8Array;
  readonly of?: { readonly version: string; readonly offset: number };
  md5(): string;
};

const STEP = 524_288;
const STAMP_BYTES = 32;

/** Made once in a process: a name and a size always mean the same bytes. */
const made = new Map<string, Buffer<ArrayBuffer>>();
const known = new Map<string, Content>();

const stamp = (version: string, offset: number) =>
  Buffer.from(`${version}@${offset}|`.padStart(STAMP_BYTES, '.').slice(-STAMP_BYTES));

function held(bytes: Uint8Array, of?: Content['of']): Content {
  let md5: string | undefined;
  return {
    bytes,
    ...(of && { of }),
    md5() {
      md5 ??= hash('md5', bytes);
      return md5;
    },
  };
}

/** Makes the bytes of versions and knows them again: two equal slices are held and hashed once. */
export function openContents() {
  const versions = new Map<string, Buffer<ArrayBuffer>>();

  const part = (version: string, offset: number, length: number): Content | undefined => {
    const whole = versions.get(version);
    if (!whole) return undefined;
    const name = `${version} ${whole.length} ${offset} ${length}`;
    const found = known.get(name) ?? held(whole.subarray(offset, offset + length), { version, offset });
    known.set(name, found);
    return found;
  };

  return {
    /**
     * The bytes of a version: different in each version and at each half MiB. `version` is at most 16 characters; parts
     * shorter than 32 bytes are not known again.
     */
    make(version: string, size: number): Buffer<ArrayBuffer> {
      const name = `${version} ${size}`;
      const bytes = made.get(name) ?? Buffer.alloc(size, `${version}~`);
      if (!made.has(name))
        for (let offset = 0; offset < size; offset += STEP) stamp(version, offset).copy(bytes, offset);
      made.set(name, bytes);
      versions.set(version, bytes);
      return bytes;
    },
    /** The MD5 of a version that was made, in hex. */
    md5Of: (version: string): string => part(version, 0, versions.get(version)?.length ?? 0)?.md5() ?? '',
    /** What a model keeps of bytes that somebody else may change afterwards. */
    keep(bytes: Uint8Array): Content {
      const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [, version = '', at = ''] =
        /^\.*([^@.]+)@(\d+)\|/.exec(given.toString('latin1', 0, STAMP_BYTES)) ?? [];
      const found = part(version, Number(at), given.length);
      return found?.bytes.length === given.length && given.equals(found.bytes)
        ? found
        : held(Buffer.from(given));
    },
  };
}

export type Contents = ReturnType<typeof openContents>;
