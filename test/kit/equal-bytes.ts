import { expect } from 'vitest';

const KNOWN = Symbol.for('cos-slice-relay bytes are compared as bytes');

// Bytes are compared as bytes: the runner would make a list of a million indexes of a file of a megabyte first.
if (!(KNOWN in globalThis)) {
  Object.assign(globalThis, { [KNOWN]: true }); // this file runs before each file of tests, and the list of testers is one
  expect.addEqualityTesters([
    (a: unknown, b: unknown): boolean | undefined =>
      a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : undefined,
  ]);
}
