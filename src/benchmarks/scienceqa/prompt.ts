import type { Asking } from '../benchmark.ts';
import { LETTER_INSTRUCTION, LETTERS, textChoicePrompt } from '../choices.ts';
import { strip } from '../python-text.ts';
import type { ScienceProblem } from './format.ts';

/** The text that LLaVA's convert_sqa_to_llava.py makes (format CQM-A), without image and instruction. */
function llavaText({ hint, question, choices }: ScienceProblem): string {
  const options = choices.map((choice, index) => `(${LETTERS[index]}) ${choice}`).join(' ');
  const text = `Context: ${strip(hint) || 'N/A'}\nQuestion: ${question}\nOptions: ${options}\n`;
  return strip(strip(text.replaceAll('  ', ' ')).replaceAll('<image>', '')); // one pass over double spaces
}

/** What the model reads. */
export function askProblem(problem: ScienceProblem, { prompt, choices }: Asking): string {
  if (choices === 'text') {
    return textChoicePrompt(problem.question, problem.choices, { hint: strip(problem.hint), prompt });
  }
  return prompt === 'bare' ? llavaText(problem) : `${llavaText(problem)}\n${LETTER_INSTRUCTION}`;
}

/** What LLaVA records; the scorer takes `<image>` in it as the sign of a question with an image. */
export function recordedPrompt(problem: ScienceProblem): string {
  const text = `${llavaText(problem)}\n${LETTER_INSTRUCTION}`;
  return problem.image === null ? text : `<image>\n${text}`;
}
