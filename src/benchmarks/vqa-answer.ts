import { CONTRACTIONS } from './contractions.ts';
import { lower, split, strip } from './python-text.ts';

/**
 * The answer normaliser of VQA evaluation (GT-Vision-Lab/VQA vqaEval.py), shared by VQAv2, VizWiz and, behind the m4c
 * processor, TextVQA and the files that LLaVA uploads.
 */

const PUNCTUATION = [...';/[]"{}()=+\\_-><@`,?!'];
const PERIOD_2 = /\.(?!\d)/g;
const PERIOD_3 = /\.(?!\p{Nd})/gu;
const DIGIT_COMMA_DIGIT_2 = /\d,\d/;
const DIGIT_COMMA_DIGIT_3 = /\p{Nd},\p{Nd}/u;
const HAS_PUNCTUATION = /[;/[\]"{}()=+\\_\-><@`,?!]/;

// the official call passes a regex flag (value 32) where the count belongs
const PERIODS_REMOVED = 32;

const NUMBERS: ReadonlyMap<string, string> = new Map([
  ['none', '0'],
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map(
    (word, value): [string, string] => [word, String(value)],
  ),
]);
const ARTICLES = new Set(['a', 'an', 'the']);

export type NormaliseOptions = Readonly<{ python2?: boolean; contractions?: ReadonlyMap<string, string> }>;

/** Steps 1 and 2: each of 21 marks is deleted or becomes a space, then periods that no digit follows are deleted. */
export function stripPunctuation(text: string, { python2 = false }: NormaliseOptions = {}): string {
  let out = text;
  if (HAS_PUNCTUATION.test(text)) {
    const deleteAll = (python2 ? DIGIT_COMMA_DIGIT_2 : DIGIT_COMMA_DIGIT_3).test(text);
    for (const mark of PUNCTUATION) {
      if (!text.includes(mark)) continue;
      const besideSpace = text.includes(`${mark} `) || text.includes(` ${mark}`);
      out = out.replaceAll(mark, deleteAll || besideSpace ? '' : ' ');
    }
  }
  if (!out.includes('.')) return out;
  let removed = 0;
  return out.replace(python2 ? PERIOD_2 : PERIOD_3, () => (removed++ < PERIODS_REMOVED ? '' : '.'));
}

/** Step 3: lower case, number words to digits, articles dropped, contractions written out. */
export function normaliseWords(
  text: string,
  { python2 = false, contractions = CONTRACTIONS }: NormaliseOptions = {},
): string {
  const words: string[] = [];
  for (const token of split(lower(text, python2), python2)) {
    const word = NUMBERS.get(token) ?? token;
    if (!ARTICLES.has(word)) words.push(contractions.get(word) ?? word);
  }
  return words.join(' ');
}

/** All three steps. */
export function normaliseAnswer(text: string, options: NormaliseOptions = {}): string {
  return normaliseWords(stripPunctuation(text, options), options);
}

/** Newline and tab become a space, then `strip`: what the VQA and VizWiz scorers do to every answer first. */
export function tidy(text: string, python2 = false): string {
  return strip(text.replaceAll('\n', ' ').replaceAll('\t', ' '), python2);
}

/** The m4c processor (LLaVA m4c_evaluator.py), used for TextVQA's score and LLaVA's uploads of VQAv2 and VizWiz. */
export function processM4c(text: string): string {
  const plain = lower(text).replaceAll(',', '').replaceAll('?', '').replaceAll("'s", " 's");
  return normaliseAnswer(tidy(strip(plain)));
}

/**
 * Soft accuracy, leaving each annotator out in turn by position: mean over i of min(1, matches among the others / 3).
 * Summed left to right in doubles, as the official loops do.
 */
export function leaveOneOut(answer: string, truths: readonly string[]): number {
  let matches = 0;
  for (const truth of truths) if (truth === answer) matches++;
  if (matches === 0) return 0;
  let sum = 0;
  for (const truth of truths) sum += Math.min(1, (truth === answer ? matches - 1 : matches) / 3);
  return sum / truths.length;
}

/** Annotators of a question in VQAv2, TextVQA and VizWiz. */
export const ANNOTATORS = 10;

/** The official programs mark by whatever answers are there; fewer than ten make full marks rarer. */
export function annotatorNotices(questions: number): readonly string[] {
  if (questions === 0) return [];
  return [`questions with more or fewer than ${ANNOTATORS} annotators: ${questions}, marked by those, as officially`];
}
