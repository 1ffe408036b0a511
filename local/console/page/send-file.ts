import { api, CallFailed } from './api.ts';

const AT_ONCE = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export type Sending = {
  readonly signal: AbortSignal;
  opened(id: string): void;
  progress(held: number): void;
  /** The network is gone, or back. */
  reachable(yes: boolean): void;
};

/** Opens the upload or finds it open, sends what COS does not list, and finishes it. Goes on when the network comes back. */
export async function sendFile(file: File, to: Sending): Promise<void> {
  const key = `page ${await digestOf(new TextEncoder().encode(JSON.stringify([file.name, file.size, file.lastModified])))}`;
  const opened = await patiently(to, () => api.open(file.name, file.size, key));
  to.opened(opened.id);
  if (opened.state === 'stored') return to.progress(file.size);
  for (;;) {
    const listed = await patiently(to, () => api.slices(opened.id));
    let held = listed.bytes.held;
    to.progress(held);
    const todo = listed.missing.values();
    const worker = async () => {
      for (const { offset, length } of todo) {
        const bytes = await file.slice(offset, offset + length).arrayBuffer();
        const digest = await digestOf(bytes);
        await patiently(to, () => api.put(opened.id, { offset, body: bytes, digest }, to.signal));
        held += length;
        to.progress(held);
      }
    };
    try {
      await Promise.all(Array.from({ length: listed.serial ? 1 : AT_ONCE }, worker));
      if (listed.next !== undefined) continue; // that was a page of a long list
      await patiently(to, () => api.finish(opened.id));
      return;
    } catch (error) {
      const again = error instanceof CallFailed && ['slices-missing', 'session-lost'].includes(error.kind);
      if (!again) throw error;
    }
  }
}

/** What passes is tried again until it does, or the signal fires. */
async function patiently<T>(to: Sending, work: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    to.signal.throwIfAborted();
    try {
      const done = await work();
      to.reachable(true);
      return done;
    } catch (error) {
      to.signal.throwIfAborted();
      if (!(error instanceof CallFailed) || !passes(error)) throw error;
      to.reachable(error.status !== 0);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const passes = ({ status, kind }: CallFailed): boolean =>
  [0, 429, 502, 503, 504].includes(status) && kind !== 'cos-refused' ? true : kind === 'not-open';

async function digestOf(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return btoa(String.fromCharCode(...digest));
}
