import type { ObjectSource } from './object-source.ts';

type ClosableSource = ObjectSource & { close(): Promise<void> };

/** A source that is loaded at its first use: most functions never read S3, and its client would be a fifth of their start. */
export function lazySource(load: () => Promise<ClosableSource>): ClosableSource {
  let loaded: Promise<ClosableSource> | undefined;
  const open = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    pin: async (...asked) => (await open()).pin(...asked),
    async *read(...asked) {
      yield* (await open()).read(...asked);
    },
    close: async () => (await loaded)?.close(),
  };
}
