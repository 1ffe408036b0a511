import { Presets, SingleBar } from 'cli-progress';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import { say } from '../command.ts';

const MIB = 1_048_576;
/** Where nobody looks at a terminal, a line this often, in ms. */
const LINE_EVERY_MS = 2_000;
/** Of a terminal that does not tell its width, in columns. */
const USUAL_COLUMNS = 80;

/** A progress bar on stderr, fed by what the relay reports. */
export type Progress = {
  observe(event: RelayEvent): void;
  /** Takes the bar away; the next object gets one of its own. */
  stop(): void;
};

export type Figures = {
  readonly done: string;
  readonly all: string;
  readonly rate: string;
  readonly left: string;
  readonly inFlight: number;
};

export function openProgress(): Progress {
  let bar: SingleBar | undefined;
  let size = 0;
  let held = 0;
  let sent = 0;
  let since = 0;

  const figures = (inFlight: number): Figures => {
    const seconds = (performance.now() - since) / 1000;
    const rate = seconds > 0 ? sent / seconds : 0;
    return {
      done: (Math.min(held + sent, size) / MIB).toFixed(1),
      all: (size / MIB).toFixed(1),
      rate: (rate / MIB).toFixed(1),
      left: rate > 0 ? duration((size - held - sent) / rate) : '…',
      inFlight,
    };
  };

  return {
    observe(event) {
      switch (event.kind) {
        case 'listed':
          if (!event.first) return;
          [size, held, sent, since] = [event.size, event.heldBytes, 0, performance.now()];
          if (event.held > 0)
            say(`resuming: ${event.held} slices are already held, ${event.missing} are sent`);
          if (!bar && event.missing > 0) {
            bar = openBar();
            bar.start(size, held, figures(0));
          }
          return;
        case 'slice-sent':
          if (!event.resent) sent += event.bytes;
          bar?.update(Math.min(held + sent, size), figures(event.inFlight));
          return;
        case 'hashed':
          say(`hashed ${Math.floor(event.bytes / MIB)} of ${Math.ceil(event.size / MIB)} MiB`);
          return;
        case 'window-sent':
        case 'retried':
        case 'stored':
        case 'ended':
          return;
      }
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}

const openBar = (): SingleBar =>
  new SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      hideCursor: true,
      clearOnComplete: false,
      format: (_, { progress }, figures: Figures) =>
        barLine(progress, figures, process.stderr.columns ?? USUAL_COLUMNS),
    },
    Presets.shades_classic,
  );

/** One line that fits `columns`: what matters most stays, the bar takes what is left. `share` is from 0 to 1. */
export function barLine(share: number, figures: Figures, columns: number): string {
  const { done, all, rate, left, inFlight } = figures;
  const facts = [
    `${Math.floor(share * 100)}%`.padStart(4),
    `${done.padStart(all.length)}/${all} MiB`,
    `${rate.padStart(5)} MiB/s`,
    `${left.padStart(4)} left`,
    `${inFlight} slices in flight`,
  ];
  while (facts.length > 1 && facts.join(' | ').length + LEAST_BAR + 2 > columns) facts.pop();
  const text = facts.join(' | ');
  const width = Math.min(MOST_BAR, columns - text.length - 2);
  if (width < 1) return text.slice(0, columns - 1);
  const full = Math.round(width * Math.min(1, share));
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${text}`;
}

/** In columns. */
const LEAST_BAR = 8;
const MOST_BAR = 60;

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
