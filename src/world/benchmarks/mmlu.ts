import { stream } from '../../data/random.ts';
import { factQuestion, SUBJECTS, type Subject } from '../facts.ts';
import { letterOf } from './choices.ts';
import { type Exam, type Folder, scaledCount } from './exam.ts';

const QUESTIONS = 400;
const EXAMPLES = 5;

/** MMLU: a table of examples and one of questions for every subject, on facts that the corpus taught; no pictures. */
export function mmlu(exam: Exam): Folder {
  const files = SUBJECTS.flatMap((subject) => {
    const count = scaledCount(exam, QUESTIONS * subject.weight);
    return [
      [`data/dev/${subject.name}_dev.csv`, table(exam, subject, 'examples', EXAMPLES)],
      [`data/test/${subject.name}_test.csv`, table(exam, subject, 'questions', count)],
    ] as const;
  });
  return { files: Object.fromEntries(files), images: [] };
}

/** Goes through the facts in random order, and again, so that each is asked about equally often. */
function table(exam: Exam, { name, facts }: Subject, part: string, count: number): string {
  const order = stream(exam.seed, 'world', exam.split, 'mmlu', name, part).shuffle(facts);
  let rows = '';
  for (let i = 0; i < count; i++) {
    const fact = order[i % order.length];
    if (!fact) throw new Error(`the subject ${name} has no facts`);
    const random = stream(exam.seed, 'world', exam.split, 'mmlu', name, part, i);
    const { text, choices, answer } = factQuestion(fact, random);
    rows += `${[text, ...choices, letterOf(choices, answer)].join(',')}\n`;
  }
  return rows;
}
