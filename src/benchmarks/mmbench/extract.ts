import { length, lower, PYTHON_SPACE, split } from '../python-text.ts';

/**
 * VLMEvalKit's rules for finding the chosen option without a language model (can_infer), at three dates: its first
 * commit (2023_11, as MMBench's server then), the rule of January 2024 to August 2025, and the one after.
 */
export type ExtractionRule = 'vlmevalkit_2023_11' | 'vlmevalkit_2024_06' | 'vlmevalkit_head';

const API_FAILURE = 'Failed to obtain answer via API';
const REFUSALS_2023 = ["Sorry, I can't help with images of people yet.", "I can't process this file."];
const REFUSALS = [...REFUSALS_2023, "I'm sorry, but without the image provided", 'Cannot determine the answer'];

// Python takes the dotless and the dotted I for an i of another case, JavaScript does not
const SAID = new RegExp(
  `(?:correct[${PYTHON_SPACE}]+)?answer[${PYTHON_SPACE}]+[iıİ]s[${PYTHON_SPACE}]+\\**([ABCD])\\**`,
  'iu',
);

/** The letter of an option, Z (E in 2023) for a refusal, or undefined: undecided without a judge. */
export function extractOption(
  answer: string,
  options: ReadonlyMap<string, string>,
  rule: ExtractionRule,
): string | undefined {
  return byLetter(answer, options, rule) ?? byText(answer, options, rule);
}

function byLetter(answer: string, options: ReadonlyMap<string, string>, rule: ExtractionRule): string | undefined {
  const first = rule === 'vlmevalkit_2023_11';
  if (answer.includes(API_FAILURE)) return undefined;
  if ((first ? REFUSALS_2023 : REFUSALS).some((refusal) => answer.includes(refusal))) return first ? 'E' : 'Z';
  const tokens = split(answer.replace(/[.()[\],:;!*#{}]/g, ' '));
  const letters = first ? [...'ABCDE'] : [...options.keys()];
  const [letter, ...others] = letters.filter((candidate) => tokens.includes(candidate));
  if (letter !== undefined && others.length === 0) {
    // only near the end, where an article A is unlikely
    if (rule !== 'vlmevalkit_head' || tokens.indexOf(letter) > tokens.length - 5) return letter;
  } else if (letter === undefined && !first && tokens.includes('Z')) {
    return 'Z';
  }
  if (rule !== 'vlmevalkit_head') return undefined;
  const said = SAID.exec(answer)?.[1]?.toUpperCase();
  return said !== undefined && options.has(said) ? said : undefined;
}

function byText(answer: string, options: ReadonlyMap<string, string>, rule: ExtractionRule): string | undefined {
  const text = lower(answer);
  const total = Array.from(options.values(), length).reduce((sum, one) => sum + one, 0);
  if (rule === 'vlmevalkit_head' && length(text) > 2 * total) return undefined;
  const hits = Array.from(options).filter(([, option]) => text.includes(lower(option)));
  return hits.length === 1 ? hits[0]?.[0] : undefined;
}
