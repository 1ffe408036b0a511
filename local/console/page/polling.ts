import { useEffect, useState } from 'preact/hooks';
import { CallFailed } from './api.ts';

export type Polled<T> = { readonly value?: T; readonly error?: CallFailed; again(): void };

/** A relay that takes long to answer is left alone for so many times as long. */
const SHARE = 2;

/** Asks every `everyMs`, not while the page is hidden, and at once when it is shown again or `again` is called. */
export function usePolled<T>(
  ask: () => Promise<T>,
  everyMs: number,
  over: readonly unknown[],
  ends?: (value: T) => boolean,
): Polled<T> {
  const [state, set] = useState<{ value?: T; error?: CallFailed }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => set({}), over);
  useEffect(() => {
    let [gone, timer] = [false, 0];
    const look = async () => {
      window.clearTimeout(timer);
      if (document.hidden) return;
      const asked = performance.now();
      try {
        const value = await ask();
        if (gone) return;
        set({ value });
        if (ends?.(value)) return;
      } catch (error) {
        if (gone) return;
        if (error instanceof CallFailed) set((before) => ({ ...before, error }));
        else throw error;
      }
      timer = window.setTimeout(look, Math.max(everyMs, SHARE * (performance.now() - asked)));
    };
    const shown = () => void (document.hidden || look());
    document.addEventListener('visibilitychange', shown);
    void look();
    return () => {
      gone = true;
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [...over, turn, everyMs]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}
