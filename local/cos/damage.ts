/** What a bad wire does, in place: one byte is another, the length stays. */
export function damageBytes(bytes: Uint8Array): void {
  if (bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 0xff;
}
