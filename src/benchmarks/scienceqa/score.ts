import { cannotScore } from '../benchmark.ts';
import { LETTERS } from '../choices.ts';
import { format, length } from '../python-text.ts';
import type { ScienceProblem } from './format.ts';

/** LLaVA's ScienceQA scorer (llava/eval/eval_science_qa.py). */

const FAILED = 'FAILED';
const isLetter = (text: string): boolean => (LETTERS as readonly string[]).includes(text);

/** The letter that an answer gives, by the first rule that applies; FAILED when none does. */
export function extractLetter(text: string): string {
  if (isLetter(text)) return text;
  if (length(text) >= 3 && isLetter(text.charAt(0)) && text.startsWith('. ', 1)) return text.charAt(0);
  const hits = Array.from(text.matchAll(/The answer is ([A-Z])[^\n]/gu), (match) => match[1] ?? '');
  return hits.length === 1 ? (hits[0] ?? FAILED) : FAILED;
}

export type ScienceItem = Readonly<{ letter: string; index: number; correct: boolean; multimodal: boolean }>;
export type ScienceScore = Readonly<{
  items: ReadonlyMap<string, ScienceItem>;
  count: number;
  correct: number;
  imageCount: number;
  imageCorrect: number;
  /** percent over all problems of the split */
  accuracy: number;
  /** percent over the answered problems with an image: the figure of the tables */
  imageAccuracy: number;
  printed: string;
}>;

/** A missing answer counts as wrong, and as one without an image (its prompt is unknown). */
export function scoreScience(
  problems: ReadonlyMap<string, ScienceProblem>,
  answers: ReadonlyMap<string, Readonly<{ text: string; prompt: string }>>,
): ScienceScore {
  const items = new Map<string, ScienceItem>();
  for (const [id, problem] of problems) {
    const answer = answers.get(id);
    const letter = answer === undefined ? FAILED : extractLetter(answer.text);
    const index = LETTERS.slice(0, problem.choices.length).indexOf(letter as 'A');
    const multimodal = answer?.prompt.includes('<image>') ?? false;
    items.set(id, { letter, index, correct: index === problem.answer, multimodal });
  }
  const all = [...items.values()];
  const withImage = all.filter(({ multimodal }) => multimodal);
  const right = (some: readonly ScienceItem[]): number => some.filter(({ correct }) => correct).length;
  const accuracy = percent(right(all), all.length, 'no problem in the split');
  const imageAccuracy = percent(
    right(withImage),
    withImage.length,
    "no answer's prompt has <image>, so there is no IMG-Accuracy",
  );
  return {
    items,
    count: all.length,
    correct: right(all),
    imageCount: withImage.length,
    imageCorrect: right(withImage),
    accuracy,
    imageAccuracy,
    printed:
      `Total: ${all.length}, Correct: ${right(all)}, Accuracy: ${format(accuracy, 2)}%, ` +
      `IMG-Accuracy: ${format(imageAccuracy, 2)}%`,
  };
}

function percent(part: number, whole: number, problem: string): number {
  if (whole === 0) throw cannotScore(problem);
  return (part / whole) * 100;
}
