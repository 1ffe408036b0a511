/**
 * How many slices are in flight at once. The limit follows what the wire can hold: four times the measured rate times the
 * shortest time a slice took, so it grows while throughput grows and falls back when slices only queue. Each "too many
 * requests" takes a tenth of it, a burst of them half, and it comes back by one a round. A single one after many slices
 * takes nothing: one in a hundred is no limit of COS, and to halve for it cost more than half of the rate.
 */
export type Pace = {
  /** A place, if one is free at once and nobody waits for it. */
  enterNow(): Place | undefined;
  /** Waits for a place. Resolves with undefined when `stop` fires first. */
  enter(stop: AbortSignal): Promise<Place | undefined>;
  /** COS asked for less. */
  slowDown(): void;
  readonly limit: number;
  readonly inFlight: number;
};

export type Place = { leave(): void };

export type PaceOptions = {
  readonly start: number;
  readonly least: number;
  readonly most: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
};

/**
 * Where a worker begins, and what it does not fall below unless COS asks for less. A window is over within a few rounds: from
 * four in flight, a fifth of the first 128 MiB at 200 ms went by before the limit had grown.
 */
export const WORKER_BOUNDS = { start: 16, least: 4 } as const;

/** Room for growth above what is measured: the shortest time of uneven ones is well below the usual one. */
const GAIN = 4;
/** What one refusal leaves of the limit. */
const KEPT = 0.9;
/** A refusal after so many slices stands alone. */
const LONE_AFTER = 50;
/** Refusals so close together are one burst, in ms: together they leave half. */
const BURST_MS = 100;
/** The shortest time is forgotten after so many rounds: routes change. */
const MEMORY_ROUNDS = 64;
/**
 * Of each so many rounds, so many go without the room to grow: our own queue empties and the shortest time is seen
 * again. Without them it would be mistaken for the wire, and the limit would climb with it. They are slow ones, so they
 * are few.
 */
const [CYCLE_ROUNDS, BARE_ROUNDS] = [56, GAIN + 1];

export function openPace({ start, least, most, now }: PaceOptions): Pace {
  let limit = Math.min(start, most);
  let ceiling = most;
  let inFlight = 0;
  let served = 0; // since COS last asked for less
  let burst = { since: Number.NEGATIVE_INFINITY, least: 1 };
  const waiting: (() => void)[] = [];
  let round = { since: now(), done: 0, shortest: Number.POSITIVE_INFINITY, full: false };
  let shortest: number[] = [];
  let rounds = 0;

  const admit = () => {
    while (inFlight < limit) {
      const next = waiting.shift();
      if (!next) return;
      next();
    }
  };

  const endRound = () => {
    const tookMs = Math.max(now() - round.since, 0.01);
    shortest = [...shortest, round.shortest].slice(-MEMORY_ROUNDS);
    rounds += 1;
    const gain = rounds % CYCLE_ROUNDS >= CYCLE_ROUNDS - BARE_ROUNDS ? 1 : GAIN;
    const wanted = Math.ceil((gain * round.done * Math.min(...shortest)) / tookMs);
    ceiling = Math.min(most, ceiling + 1);
    // a round that never filled its places says nothing about what the wire could hold
    if (round.full || wanted > limit) limit = Math.max(Math.min(least, ceiling), Math.min(wanted, ceiling));
    round = { since: now(), done: 0, shortest: Number.POSITIVE_INFINITY, full: false };
  };

  const place = (): Place => {
    inFlight += 1;
    if (inFlight >= limit) round.full = true;
    const since = now();
    return {
      leave() {
        inFlight -= 1;
        round.done += 1;
        served += 1;
        round.shortest = Math.min(round.shortest, now() - since);
        if (round.done >= limit) endRound();
        admit();
      },
    };
  };

  return {
    enterNow: () => (inFlight < limit && waiting.length === 0 ? place() : undefined),
    enter: (stop) =>
      new Promise((resolve) => {
        if (stop.aborted) return resolve(undefined);
        if (inFlight < limit) return resolve(place());
        const giveUp = () => {
          waiting.splice(waiting.indexOf(enter), 1);
          resolve(undefined);
        };
        const enter = () => {
          stop.removeEventListener('abort', giveUp);
          resolve(place());
        };
        stop.addEventListener('abort', giveUp, { once: true });
        waiting.push(enter);
      }),
    slowDown() {
      const isLone = served >= LONE_AFTER;
      served = 0;
      if (isLone) return;
      const at = now();
      if (at - burst.since >= BURST_MS) burst = { since: at, least: Math.max(1, Math.floor(limit / 2)) };
      ceiling = Math.max(burst.least, Math.floor(limit * KEPT));
      limit = Math.min(limit, ceiling);
    },
    get limit() {
      return limit;
    },
    get inFlight() {
      return inFlight;
    },
  };
}
