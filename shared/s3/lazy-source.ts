import type { ObjectSource } from './object-source.ts';

type ClosableSource = ObjectSource & { close(): Promise<void> };

/** A source that is opened at its first use: most functions never read S3, and need no client of it. */
export function lazySource(open: () => ClosableSource): ClosableSource {
  let opened: ClosableSource | undefined;
  const source = (): ClosableSource => {
    opened ??= open();
    return opened;
  };
  return {
    pin: (...asked) => source().pin(...asked),
    fetch: (...asked) => source().fetch(...asked),
    read: (...asked) => source().read(...asked),
    close: async () => opened?.close(),
  };
}
