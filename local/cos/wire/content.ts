import { createHash, hash } from 'node:crypto';
import { Refused } from './codes.ts';

/** The file content of one request, in the pieces in which the socket gave it: never joined, never copied. */
export type Content = {
  readonly length: number;
  readonly chunks: readonly Buffer[];
  /** Of the bytes as they are now. */
  md5(): string;
  sha1(): string;
  /** What a bad wire does: one byte is another, the length stays. */
  damage(): void;
};

const LARGEST_CONTENT_BYTES = 32 * 1024 * 1024; // the longest slice has 3 MiB, the largest op=upload 20 MB

/** Takes the content as it comes in: MD5 costs half while the bytes are still in the processor's cache. */
export function contentSink(): { add(chunk: Buffer): void; content(): Content } {
  const chunks: Buffer[] = [];
  const arriving = createHash('md5');
  let length = 0;

  const content = (): Content => {
    let md5: string | undefined = arriving.digest('hex');
    return {
      length,
      chunks,
      md5: () => {
        md5 ??= digest('md5', chunks);
        return md5;
      },
      sha1: () => digest('sha1', chunks),
      damage: () => {
        const first = chunks[0];
        if (first) first[0] = (first[0] ?? 0) ^ 0xff;
        md5 = undefined;
      },
    };
  };

  return {
    content,
    add(chunk) {
      length += chunk.length;
      if (length > LARGEST_CONTENT_BYTES) throw new Refused(-5999, 'filecontent is too large');
      arriving.update(chunk);
      chunks.push(chunk);
    },
  };
}

function digest(algorithm: string, chunks: readonly Buffer[]): string {
  if (chunks.length === 1 && chunks[0]) return hash(algorithm, chunks[0], 'hex');
  const whole = createHash(algorithm);
  for (const chunk of chunks) whole.update(chunk);
  return whole.digest('hex');
}
