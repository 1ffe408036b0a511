import { Presets, SingleBar } from 'cli-progress';
import type { RelayEvent } from '../../shared/observe/observe.ts';
import { say } from '../command.ts';

const MIB = 1_048_576;
/** Where nobody looks at a terminal, a line this often, in ms. */
const LINE_EVERY_MS = 2_000;

/** A progress bar on stderr, fed by what the relay reports. */
export type Progress = { observe(event: RelayEvent): void; stop(): void };

export function openProgress(): Progress {
  const bar = new SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      hideCursor: true,
      clearOnComplete: false,
      format:
        '{bar} {percentage}% | {done}/{all} MiB | {rate} MiB/s | {left} left | {inFlight} slices in flight',
    },
    Presets.shades_classic,
  );
  let running = false;
  let size = 0;
  let held = 0;
  let sent = 0;
  let since = 0;

  const figures = (inFlight: number) => {
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
          if (!running && event.missing > 0) {
            running = true;
            bar.start(size, held, figures(0));
          }
          return;
        case 'slice-sent':
          if (!event.resent) sent += event.bytes;
          if (running) bar.update(Math.min(held + sent, size), figures(event.inFlight));
          return;
        case 'hashed':
          say(`hashed ${Math.floor(event.bytes / MIB)} of ${Math.ceil(event.size / MIB)} MiB`);
          return;
        case 'window-sent':
        case 'stored':
        case 'ended':
          return;
      }
    },
    stop() {
      if (running) bar.stop();
      running = false;
    },
  };
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
