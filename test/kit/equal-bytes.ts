import { expect } from 'vitest';

// Bytes are compared as bytes: the runner would make a list of a million indexes of a file of a megabyte first.
expect.addEqualityTesters([
  (a: unknown, b: unknown): boolean | undefined =>
    a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : undefined,
]);
