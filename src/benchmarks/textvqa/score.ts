import { lower } from '../python-text.ts';
import { leaveOneOut, processM4c } from '../vqa-answer.ts';
import type { TextAnnotation } from './format.ts';

/** LLaVA's TextVQA scorer (llava/eval/eval_textvqa.py, m4c_evaluator.py). */

/** What an answer is joined to its question by: image and lower-cased question. */
export function questionKey(imageId: string, question: string): string {
  return `${imageId}\n${lower(question)}`;
}

/** The question inside a recorded prompt, lower-cased; undefined where the official script stops. */
export function questionOfPrompt(prompt: string): string | undefined {
  const lines = prompt.split('\n');
  if (prompt.startsWith('OCR tokens: ')) {
    const match = /Question: (.*?) Short answer:/s.exec(prompt);
    return match?.[1] === undefined ? undefined : lower(match[1]);
  }
  if (prompt.includes('Reference OCR token: ') && lines.length === 3) {
    return lower(lines[prompt.startsWith('Reference OCR token:') ? 1 : 0] ?? '');
  }
  return lines.length === 2 ? lower(lines[0] ?? '') : undefined;
}

export type TextItem = Readonly<{ processed: string; processedTruths: readonly string[]; score: number }>;

/** Soft accuracy (0..1) of one answer; both sides go through the m4c processor. */
export function scoreAnswer(annotation: TextAnnotation, answer: string): TextItem {
  const processed = processM4c(answer);
  const processedTruths = annotation.answers.map(processM4c);
  return { processed, processedTruths, score: leaveOneOut(processed, processedTruths) };
}

/** Annotations by key; a repeated key's last entry wins. */
export function annotationsByKey(annotations: readonly TextAnnotation[]): ReadonlyMap<string, TextAnnotation> {
  return new Map(annotations.map((entry) => [questionKey(entry.image_id, entry.question), entry]));
}
