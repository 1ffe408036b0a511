import { createHash } from 'node:crypto';
import type { Landing } from '../disk/landing.ts';
import { Refused } from './codes.ts';

/** The file content of one request: on disk, or on its way there, before anybody asks what it is for. */
export type Content = {
  /** Bytes that arrived; the landing may have had room for fewer. */
  readonly length: number;
  readonly landing: Landing;
  /** Of the bytes as they are now. */
  md5(): Promise<string>;
  sha1(): Promise<string>;
  /** What a bad wire does: one byte is another, the length stays. */
  damage(): Promise<void>;
};

export const LARGEST_CONTENT_BYTES = 32 * 1024 * 1024; // the longest slice has 3 MiB, the largest op=upload 20 MB

/** Takes the content as it comes in: MD5 costs half while the bytes are still in the processor's cache. */
export function contentSink(landing: Landing): { add(chunk: Buffer): void; content(): Content } {
  const arriving = createHash('md5');
  let length = 0;

  const digest = async (algorithm: string): Promise<string> => {
    await landing.flush();
    const whole = createHash(algorithm);
    for await (const piece of landing.read()) whole.update(piece);
    return whole.digest('hex');
  };

  const content = (): Content => {
    let md5 = Promise.resolve(arriving.digest('hex'));
    return {
      length,
      landing,
      md5: () => md5,
      sha1: () => digest('sha1'),
      async damage() {
        await landing.flush();
        await landing.damage();
        md5 = digest('md5');
      },
    };
  };

  return {
    content,
    add(chunk) {
      length += chunk.length;
      if (length > LARGEST_CONTENT_BYTES) throw new Refused(-5999, 'filecontent is too large');
      arriving.update(chunk);
      landing.add(chunk);
    },
  };
}
