// Chance as a collaborator: numbers from 0 up to 1, drawn here and nowhere else.

export type Chance = () => number;

export function createChance(): Chance {
  return Math.random;
}
