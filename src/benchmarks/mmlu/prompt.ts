import { LETTERS } from '../choices.ts';
import type { MmluItem, MmluSubject } from './format.ts';

/** hendrycks/test evaluate.py: the few-shot prompt is head + examples + item. */

// the subject starts with a space of its own, so two spaces meet
export function promptHead({ name }: MmluSubject): string {
  const subject = name
    .split('_')
    .map((word) => ` ${word}`)
    .join('');
  return `The following are multiple choice questions (with answers) about ${subject}.\n\n`;
}

export function promptExample(item: MmluItem): string {
  return `${promptItem(item)} ${item.answer}\n\n`;
}

export function promptItem({ question, options }: MmluItem): string {
  return `${question}${options.map((option, index) => `\n${LETTERS[index]}. ${option}`).join('')}\nAnswer:`;
}

/** The longest whole prompt within `limit` tokens: examples are dropped from the end, one by one. */
export function fitShots(
  shots: Readonly<{ head: string; examples: readonly string[] }>,
  item: string,
  countTokens: (text: string) => number,
  limit = 2048,
): string {
  for (let kept = shots.examples.length; kept > 0; kept--) {
    const prompt = shots.head + shots.examples.slice(0, kept).join('') + item;
    if (countTokens(prompt) <= limit) return prompt;
  }
  return shots.head + item;
}
