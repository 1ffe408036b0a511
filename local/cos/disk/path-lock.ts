type Lane = { alone: Promise<unknown>; together: Set<Promise<unknown>>; users: number };

/** One lane for each path: slices of one upload go side by side, what changes the upload goes alone. */
export type PathLock = {
  together<T>(key: string, work: () => Promise<T>): Promise<T>;
  alone<T>(key: string, work: () => Promise<T>): Promise<T>;
};

export function pathLock(): PathLock {
  const lanes = new Map<string, Lane>();

  async function inLane<T>(key: string, start: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = lanes.get(key) ?? { alone: Promise.resolve(), together: new Set(), users: 0 };
    lanes.set(key, lane);
    lane.users += 1;
    try {
      return await start(lane);
    } finally {
      lane.users -= 1;
      if (lane.users === 0) lanes.delete(key);
    }
  }

  return {
    together: (key, work) =>
      inLane(key, (lane) => {
        const running = lane.alone.then(work);
        const over = running.catch(() => undefined).then(() => void lane.together.delete(over));
        lane.together.add(over);
        return running;
      }),
    alone: (key, work) =>
      inLane(key, (lane) => {
        const running = Promise.all([lane.alone, ...lane.together]).then(work);
        lane.alone = running.catch(() => undefined);
        lane.together = new Set();
        return running;
      }),
  };
}
