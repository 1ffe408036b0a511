import { type Line, openLine } from './line.ts';

/** Connections that are kept for the next read of the same origin. */
export type Lines = {
  take(url: URL): Line;
  /** Keeps the line if it can carry another GET, cuts it if not. */
  give(line: Line): void;
  close(): void;
};

const KEPT_MAX = 16;

export function openLines(idleTimeoutMs: number): Lines {
  const out = new Map<Line, string>();
  const kept = new Map<Line, string>();

  return {
    take(url) {
      for (const [line, origin] of [...kept].reverse()) {
        if (line.free && origin !== url.origin) continue;
        kept.delete(line);
        if (!line.free) continue; // the server closed it meanwhile
        out.set(line, origin);
        return line;
      }
      const line = openLine(url, idleTimeoutMs);
      out.set(line, url.origin);
      return line;
    },
    give(line) {
      const origin = out.get(line);
      out.delete(line);
      if (origin !== undefined && line.free && kept.size < KEPT_MAX) kept.set(line, origin);
      else line.cut();
    },
    close() {
      for (const line of [...out.keys(), ...kept.keys()]) line.cut();
      out.clear();
      kept.clear();
    },
  };
}
