import { incompleteBeta, lnGamma } from './gamma.ts';

/** Probability that |t| is at least this large under Student's t distribution with `freedom` degrees of freedom. */
export function studentTwoSided(t: number, freedom: number): number {
  const square = t * t;
  // the smaller of both arguments: 1 less a tiny number would forget it
  return square < freedom
    ? 1 - incompleteBeta(square / (freedom + square), 0.5, freedom / 2)
    : incompleteBeta(freedom / (freedom + square), freedom / 2, 0.5);
}

/** The t that |t| exceeds with probability 1 - `confidence`: 12.706 for 0.95 and one degree of freedom. */
export function studentQuantile(confidence: number, freedom: number): number {
  if (!(confidence > 0 && confidence < 1) || !(freedom > 0))
    throw new Error(`no t for confidence ${confidence} with ${freedom} degrees of freedom`);
  const tail = 1 - confidence;
  let high = 1;
  while (studentTwoSided(high, freedom) > tail) high *= 2;
  let low = 0;
  // bisection: the tail falls monotonically; 100 halvings reach the last bit
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * McNemar's exact test: the two-sided probability of so uneven a split of the questions that only one side gets right
 * if either side were as likely to win each of them. 1 where no question tells the sides apart.
 */
export function exactMcNemar(wins: number, losses: number): number {
  const count = wins + losses;
  const fewer = Math.min(wins, losses);
  const lnTotal = lnGamma(count + 1) - count * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= fewer; k++) tail += Math.exp(lnTotal - lnGamma(k + 1) - lnGamma(count - k + 1));
  return Math.min(1, 2 * tail);
}
