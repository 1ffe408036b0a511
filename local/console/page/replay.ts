import { useEffect, useState } from 'preact/hooks';
import type { History } from './cells.ts';
import { html, useSpeech } from './ui.ts';

/** The whole history passes in so long, however long it took, in ms. */
const LASTS_MS = 6_000;

type Given = {
  readonly history: History;
  /** Undefined: as it is now. */
  readonly time: number | undefined;
  readonly setTime: (time: number | undefined) => void;
  readonly over: boolean;
  readonly label: string;
};

/** A bar to move through the history of the slices, as their windows' records tell it. */
export function Replay({ history, time, setTime, over, label }: Given) {
  const says = useSpeech();
  const [playing, setPlaying] = useState(false);
  const { from, to } = history;
  useEffect(() => {
    if (!playing) return;
    const began = performance.now();
    const start = time ?? from;
    let frame = 0;
    const step = (now: number) => {
      const at = start + ((now - began) / LASTS_MS) * (to - from);
      if (at >= to) {
        setTime(undefined);
        setPlaying(false);
        return;
      }
      setTime(at);
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [playing]);
  const move = (event: InputEvent) => {
    const value = Number((event.target as HTMLInputElement).value); // the element this stands on
    setPlaying(false);
    setTime(value >= 1000 ? undefined : from + (value / 1000) * (to - from));
  };
  return html`<div class="replay" role="group" aria-label=${says('replay')}>
    <button type="button" class="second" onClick=${() => setPlaying(!playing)}>${says(playing ? 'pause' : 'play')}</button>
    <input type="range" min="0" max="1000" value=${time === undefined ? 1000 : Math.round(((time - from) / Math.max(1, to - from)) * 1000)}
      aria-label=${says('replayTime')} aria-valuetext=${label} onInput=${move} />
    <span class="when">${time === undefined && !over ? says('live') : label}</span>
  </div>`;
}
