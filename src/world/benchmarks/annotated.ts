import { NUMBERS } from '../vocabulary.ts';

/**
 * An answer as VQA's annotations hold it: numbers in digits. The official scorers normalise what the model says
 * ("two" to "2") but not ten human answers that are all the same.
 */
export function annotated(answer: string): string {
  const number = (NUMBERS as readonly string[]).indexOf(answer);
  return number === -1 ? answer : String(number);
}
