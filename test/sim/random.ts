/** Random choices that come out the same for the same name. */
export type Stream = {
  (): number;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  one<T>(choices: readonly T[]): T;
};

/** A stream of its own for each name: a choice that is left out moves no other. */
export function streamOf(...name: readonly (string | number)[]): Stream {
  let state = 0x811c9dc5;
  for (const char of name.join('\u0000')) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
  const random = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return Object.assign(random, {
    whole,
    chance: (probability: number) => random() < probability,
    one<T>(choices: readonly T[]): T {
      const choice = choices[whole(0, choices.length - 1)];
      if (choice === undefined) throw new RangeError('nothing to choose from');
      return choice;
    },
  });
}
