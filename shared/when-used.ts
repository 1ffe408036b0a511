/** Makes a value at its first use and keeps it: what a function may never need costs its start nothing. */
export function whenUsed<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
