import { seededRandom } from '../../local/s3/faults.ts';

/** Random choices that come out the same for the same seed. */
export type Draw = {
  random(): number;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  one<T>(choices: readonly T[]): T;
};

export function drawFrom(seed: number, index: number): Draw {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const whole = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return {
    random,
    whole,
    chance: (probability) => random() < probability,
    one(choices) {
      const choice = choices[whole(0, choices.length - 1)];
      if (choice === undefined) throw new RangeError('nothing to choose from');
      return choice;
    },
  };
}
