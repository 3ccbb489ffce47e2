import type { Asking } from '../benchmark.ts';
import { LETTER_INSTRUCTION, textChoicePrompt } from '../choices.ts';
import type { MmbenchRow } from './format.ts';

const CHINESE_INSTRUCTION = '请直接回答选项字母。';

/** The options that LLaVA shows: A to D up to the first that is missing or spelled `nan` or `none`. */
export function shownOptions({ options }: MmbenchRow): readonly string[] {
  const shown: string[] = [];
  for (const letter of 'ABCD') {
    const option = options.get(letter);
    if (option === undefined || isNone(option)) break;
    shown.push(option);
  }
  return shown;
}

/** What LLaVA records (model_vqa_mmbench.py): without the instruction, which is sent all the same. */
export function recordedPrompt(row: MmbenchRow): string {
  const hint = row.hint === null || isNone(row.hint) ? [] : [row.hint];
  const options = shownOptions(row).map((option, index) => `${'ABCD'.charAt(index)}. ${option}`);
  return [...hint, row.question, ...options].join('\n');
}

/** What the model reads. */
export function askRow(row: MmbenchRow, { prompt, choices }: Asking, chinese: boolean): string {
  if (choices === 'text') {
    const hint = row.hint === null || isNone(row.hint) ? '' : row.hint;
    return textChoicePrompt(row.question, shownOptions(row), { hint, prompt });
  }
  if (prompt === 'bare') return recordedPrompt(row);
  return `${recordedPrompt(row)}\n${chinese ? CHINESE_INSTRUCTION : LETTER_INSTRUCTION}`;
}

function isNone(text: string): boolean {
  return ['nan', 'none'].includes(text.toLowerCase());
}
