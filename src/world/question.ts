import type { Random } from '../data/random.ts';

/** The families of questions; each is what one benchmark asks. */
export const FAMILIES = ['vqav2', 'textvqa', 'gqa', 'scienceqa', 'mmbench', 'pope', 'vizwiz', 'mmvet'] as const;
export type Family = (typeof FAMILIES)[number];

export type Question = Readonly<{
  text: string;
  /** what one can choose from, in the order shown; the answer is one of them */
  choices?: readonly string[];
  answer: string;
  /** what it asks about: `color`, `count`, `presence`, ... */
  topic: string;
}>;

/** What the model is told: the question, and under it the choices in one line. */
export function prompt({ text, choices }: Question): string {
  return choices ? `${text}\n${choices.join(' | ')}` : text;
}

/** Ends an answer. */
export const END = '</s>';

/** One turn inside a text, marked as the `short` conversation template does. */
export function dialogue(question: string, answer: string): string {
  return `<|user|>${question}<|assistant|>${answer}${END}`;
}

/** The right answer and three wrong ones of `others`, in random order. */
export function shuffledChoices(random: Random, right: string, others: readonly string[]): string[] {
  const wrong = [...new Set(others)].filter((other) => other !== right);
  return random.shuffle([right, ...random.sample(wrong, 3)]);
}

/** Up to `count` questions with different texts; fewer where the scene does not give so many. */
export function distinct<Q extends Question>(count: number, ask: () => Q | undefined): Q[] {
  const asked = new Map<string, Q>();
  for (let tries = 8 * count; tries > 0 && asked.size < count; tries--) {
    const question = ask();
    if (question && !asked.has(question.text)) asked.set(question.text, question);
  }
  return [...asked.values()];
}
