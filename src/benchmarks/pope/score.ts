import { cannotScore } from '../benchmark.ts';
import { format } from '../python-text.ts';

/** POPE's scorer (llava/eval/eval_pope.py; AoiDragon/POPE evaluate.py decides and counts the same). */

/** yes or no: `No`, `no` or `not` as a whole word (between single spaces) of the first sentence; else yes. */
export function decide(text: string): 'yes' | 'no' {
  const sentence = text.split('.')[0] ?? '';
  const words = sentence.replaceAll(',', '').split(' ');
  return words.includes('No') || words.includes('no') || words.includes('not') ? 'no' : 'yes';
}

export type PopeScore = Readonly<{
  TP: number;
  FP: number;
  TN: number;
  FN: number;
  /** all in 0..1 */
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  yesRatio: number;
  samples: number;
  /** f1, accuracy, precision, recall, yes ratio */
  printed: string;
}>;

/**
 * Answers and labels of one category are paired by position and cut to the shorter list; the yes ratio divides by
 * the number of answers. Stops where the official script divides by zero.
 */
export function scorePope(category: string, answers: readonly string[], labels: readonly string[]): PopeScore {
  const decisions = answers.map(decide);
  const counts = { TP: 0, FP: 0, TN: 0, FN: 0 };
  for (let i = 0; i < Math.min(decisions.length, labels.length); i++) {
    const positive = labels[i] !== 'no';
    if (decisions[i] === 'yes') counts[positive ? 'TP' : 'FP']++;
    else counts[positive ? 'FN' : 'TN']++;
  }
  const { TP, FP, TN, FN } = counts;
  if (TP === 0) {
    throw cannotScore(`POPE ${category}: no object that is there was answered with yes, so F1 divides by zero`);
  }
  const precision = TP / (TP + FP);
  const recall = TP / (TP + FN);
  const f1 = (2 * precision * recall) / (precision + recall);
  const accuracy = (TP + TN) / (TP + TN + FP + FN);
  const yesRatio = decisions.filter((decision) => decision === 'yes').length / decisions.length;
  const printed = [f1, accuracy, precision, recall, yesRatio].map((value) => format(value, 3)).join(', ');
  return { ...counts, accuracy, precision, recall, f1, yesRatio, samples: answers.length, printed };
}
