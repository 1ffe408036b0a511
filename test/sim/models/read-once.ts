/** So many texts are known before all are forgotten. */
const KNOWN = 4_096;

/** Reads a text once: who asks again is given the same value, which nobody may change. */
export function readOnce<T extends object>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    if (known.size >= KNOWN) known.clear();
    const value = Object.freeze(read(text));
    known.set(text, value);
    return value;
  };
}
