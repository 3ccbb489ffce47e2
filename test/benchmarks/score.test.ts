import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, readAnswers, writeAnswers } from '../../src/benchmarks/answers.ts';
import { benchmarkNamed, benchmarks } from '../../src/benchmarks/list.ts';
import { scoreFiles, submissionOf, writeScores } from '../../src/benchmarks/score-files.ts';
import { ProblemError } from '../../src/problem.ts';
import { type Recorded, readAny } from './scoring-dir.ts';

// these tests are about this set; scoring.test.ts is the one that takes any
const sets = join(import.meta.dirname, '..', 'scoring');
let temporary = '';
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'score-'));
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

const files = (name: string, answers = 'answers.jsonl') => ({
  data: join(sets, name),
  answers: join(sets, name, answers),
});
const results = (name: string): Recorded => (readAny(join(sets, name, 'expected.json')) as Recorded)['results'];

/** The set's answers, each line changed or dropped, in a new file. */
async function changed(name: string, change: (line: string, index: number) => string | undefined): Promise<string> {
  const lines = (await readFile(join(sets, name, 'answers.jsonl'), 'utf8')).trimEnd().split('\n');
  const file = join(temporary, `${name}-${Math.floor(performance.now() * 1e6)}.jsonl`);
  await writeFile(file, `${lines.flatMap((line, index) => change(line, index) ?? []).join('\n')}\n`);
  return file;
}

async function problemsOf(work: Promise<unknown>): Promise<ProblemError['problems']> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return (error as ProblemError).problems;
}

describe('the figure of the tables', () => {
  it.each([
    ['vqav2', () => results('vqav2')['official_2021__llava_submission'].python2.accuracy.overall],
    ['textvqa', () => 100 * results('textvqa')['llava_m4c'].accuracy],
    ['vizwiz', () => results('vizwiz')['official_api__llava_submission'].accuracy.overall],
    ['gqa', () => results('gqa')['llava_mode'].scores.accuracy],
    ['scienceqa', () => (100 * results('scienceqa')['llava'].img_correct) / results('scienceqa')['llava'].img_count],
    ['pope', () => results('pope')['table_figure'].mean_f1_percent],
    ['mmbench', () => 100 * results('mmbench')['vlmevalkit_2024_06'].circular.Overall],
  ])('of %s is `score`', async (name, recorded: () => number) => {
    const { metrics, questions } = await scoreFiles(name, files(name));
    expect(metrics['score']).toBeCloseTo(recorded(), 10);
    expect(questions.length).toBeGreaterThan(0);
    for (const { score } of questions) expect(score >= 0 && score <= 1).toBe(true);
    for (const metric of benchmarkNamed(name).metrics) expect(metrics).toHaveProperty(metric);
  });

  it('of MMLU comes from the log-probabilities in the answers', async () => {
    const logprobs = readAny(join(sets, 'mmlu', 'letter_logprobs.json')) as Record<string, Record<string, number>[]>;
    const answers = join(temporary, 'mmlu.jsonl');
    const line = { prompt: '', text: 'A', answer_id: 'id', model_id: 'm' };
    const lines = Object.entries(logprobs).flatMap(([subject, rows]) =>
      rows.map((row, index) => ({ ...line, question_id: `${subject}/${index}`, metadata: { logprobs: row } })),
    );
    await writeAnswers(answers, lines);
    const { metrics } = await scoreFiles('mmlu', { data: join(sets, 'mmlu'), answers });
    expect(metrics['score']).toBeCloseTo(100 * results('mmlu')['hendrycks_evaluate'].weighted_accuracy, 10);

    await writeAnswers(
      answers,
      lines.map((one) => ({ ...one, metadata: {} })),
    );
    const [problem] = await problemsOf(scoreFiles('mmlu', { data: join(sets, 'mmlu'), answers }));
    expect(problem).toMatchObject({ code: 'no-logprobs', at: { file: answers, line: 1 } });
  });

  it('of MM-Vet needs a judge, or says that there was none', async () => {
    const [problem] = await problemsOf(scoreFiles('mmvet', files('mmvet')));
    expect(problem?.hint).toContain('judge: none');
    const { metrics, details, notices } = await scoreFiles('mmvet', files('mmvet'), { judge: 'none' });
    expect(details['judge']).toBe('none');
    expect(notices[0]).toContain('judge: none');
    expect(metrics['score']).toBeGreaterThan(0);
  });
});

describe('answers that cannot be scored', () => {
  it.each(['vqav2', 'textvqa', 'vizwiz', 'gqa', 'mmbench'])('%s stops when questions have no answer', async (name) => {
    const answers = await changed(name, (line, index) => (index === 2 ? undefined : line));
    const [problem] = await problemsOf(scoreFiles(name, { ...files(name), answers }));
    expect(problem).toMatchObject({ code: 'missing-answers' });
  });

  it.each(['vqav2', 'textvqa', 'vizwiz', 'gqa', 'mmbench', 'scienceqa', 'pope'])(
    '%s stops at the line of an answer to no question',
    async (name) => {
      const answers = await changed(name, (line, index) =>
        index === 3 ? line.replace(/"question_id": ("?)[^",]+/, '"question_id": $1999999999') : line,
      );
      const [problem] = await problemsOf(scoreFiles(name, { ...files(name), answers }));
      expect(problem).toMatchObject({ code: 'unknown-question', at: { file: answers, line: 4 } });
    },
  );

  it.each(benchmarks.filter(({ name }) => !['questions', 'mmlu'].includes(name)).map(({ name }) => name))(
    '%s stops at the line that is no JSON',
    async (name) => {
      const answers = await changed(name, (line, index) => (index === 1 ? line.slice(0, -9) : line));
      const [problem] = await problemsOf(scoreFiles(name, { ...files(name), answers }, { judge: 'none' }));
      expect(problem).toMatchObject({ code: 'broken-json', at: { file: answers, line: 2 } });
    },
  );

  it('stop at the line that is not UTF-8', async () => {
    const answers = join(temporary, 'latin1.jsonl');
    await writeFile(
      answers,
      Buffer.from('{"question_id": 1, "text": "ok"}\n{"question_id": 2, "text": "caf\xe9"}\n', 'latin1'),
    );
    const [problem] = await problemsOf(readAnswers(answers));
    expect(problem).toMatchObject({ code: 'not-utf-8', at: { file: answers, line: 2 } });
  });

  it('stop at an answer without text, naming what is wrong', async () => {
    const answers = join(temporary, 'no-text.jsonl');
    await writeFile(answers, '{"question_id": 1, "text": "ok"}\n{"question_id": 2, "answer": "red"}\n');
    const [problem] = await problemsOf(readAnswers(answers));
    expect(problem).toMatchObject({ code: 'wrong-shape', at: { line: 2 } });
    expect(problem?.message).toContain("'text'");
  });

  it('of VQAv2 stop when the question and annotation files are not about the same questions', async () => {
    const data = join(temporary, 'unequal');
    await mkdir(data);
    await cp(join(sets, 'vqav2', 'questions.json'), join(data, 'questions.json'));
    const annotations = readAny(join(sets, 'vqav2', 'annotations.json')) as Recorded;
    annotations['annotations'].pop();
    await writeFile(join(data, 'annotations.json'), JSON.stringify(annotations));
    const [problem] = await problemsOf(scoreFiles('vqav2', { ...files('vqav2'), data }));
    expect(problem).toMatchObject({ code: 'no-annotation', message: expect.stringContaining(data) });
  });

  it('of TextVQA stop when a question is answered twice', async () => {
    const answers = await changed('textvqa', (line, index) => (index === 0 ? `${line}\n${line}` : line));
    const [problem] = await problemsOf(scoreFiles('textvqa', { ...files('textvqa'), answers }));
    expect(problem).toMatchObject({ code: 'repeated-answer', at: { line: 2 } });
  });
});

describe('a repeated id', () => {
  it.each(['vqav2', 'vizwiz', 'gqa', 'mmbench', 'scienceqa'])('of %s counts with its last line', async (name) => {
    const before = await scoreFiles(name, files(name));
    const answers = await changed(
      name,
      (line) => `${line.replace(/"text": "(?:[^"\\]|\\.)*"/, '"text": "zzz"')}\n${line}`,
    );
    const after = await scoreFiles(name, { ...files(name), answers });
    expect(after.metrics).toEqual(before.metrics);
  });
});

describe('POPE', () => {
  it('says so when answers are paired with labels of other questions', async () => {
    const { notices } = await scoreFiles('pope', files('pope', 'answers_misordered.jsonl'));
    expect(notices.length).toBeGreaterThan(0);
    expect((await scoreFiles('pope', files('pope'))).notices).toEqual([]);
  });

  it('stops where F1 divides by zero', async () => {
    const answers = await changed('pope', (line) => line.replace(/"text": "(?:[^"\\]|\\.)*"/, '"text": "no"'));
    const [problem] = await problemsOf(scoreFiles('pope', { ...files('pope'), answers }));
    expect(problem).toMatchObject({ code: 'cannot-score' });
  });
});

describe('multiple choice answered by text', () => {
  const toText = async (name: string): Promise<string> => {
    const questions = await benchmarkNamed(name).questions(join(sets, name), { prompt: 'bare', choices: 'text' });
    const { lines } = await readAnswers(join(sets, name, 'answers.jsonl'));
    const options = new Map(questions.map(({ id, choices = [] }) => [String(id), choices]));
    const spoken = ({ question_id, text }: Answer): string => {
      const letter = 'ABCDE'.indexOf(text);
      return options.get(String(question_id))?.[letter]?.toUpperCase() ?? text;
    };
    const file = join(temporary, `${name}-text.jsonl`);
    const line = { answer_id: 'id', model_id: 'm', metadata: { choices: 'text' } };
    await writeAnswers(
      file,
      lines.map((answer) => ({ ...answer, ...line, text: ` ${spoken(answer)} ` })),
    );
    return file;
  };

  it('scores a right option as its letter, and says that it did', async () => {
    const answers = await toText('scienceqa');
    const { details, questions } = await scoreFiles('scienceqa', { ...files('scienceqa'), answers });
    expect(details['choices']).toBe('text');
    const byLetter = await scoreFiles('scienceqa', files('scienceqa'));
    const right = byLetter.questions
      .filter(({ answer, score }) => score === 1 && answer.length === 1)
      .map(({ id }) => id);
    const now = new Set(questions.filter(({ score }) => score === 1).map(({ id }) => id));
    expect(right.length).toBeGreaterThan(0);
    expect(right.filter((id) => !now.has(id))).toEqual([]);
  });

  it('stops when the answers were given the other way', async () => {
    const answers = await toText('mmbench');
    const [problem] = await problemsOf(scoreFiles('mmbench', { ...files('mmbench'), answers }, { choices: 'letter' }));
    expect(problem).toMatchObject({ code: 'mixed-choices' });
  });

  it('lists the options on a line of their own', async () => {
    const [question] = await benchmarkNamed('mmbench').questions(join(sets, 'mmbench'), {
      prompt: 'bare',
      choices: 'text',
    });
    expect(question?.text).toBe('What is on the plate?\napple | cat | bread | lamp');
  });
});

describe('a bare prompt', () => {
  it.each(['vqav2', 'gqa', 'vizwiz', 'pope', 'textvqa'])('of %s is the question alone', async (name) => {
    const questions = await benchmarkNamed(name).questions(join(sets, name), { prompt: 'bare', choices: 'letter' });
    for (const { text, recorded } of questions) {
      expect(text).not.toContain('\n');
      expect(recorded).toContain(text);
    }
  });
});

describe('the files of a score', () => {
  it('hold every figure and every question', async () => {
    const scores = await scoreFiles('gqa', files('gqa'));
    const folder = join(temporary, 'scores');
    await writeScores(folder, 'gqa', scores);
    const written = JSON.parse(await readFile(join(folder, 'scores.json'), 'utf8')) as Recorded;
    expect(written).toEqual({ benchmark: 'gqa', metrics: scores.metrics, details: scores.details, notices: [] });
    const lines = (await readFile(join(folder, 'questions.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(scores.questions);
  });

  it('for a server leave broken lines out and say so', async () => {
    const submission = await submissionOf('vqav2', files('vqav2', 'answers_dirty.jsonl'));
    expect(submission?.notices.some((notice) => notice.includes('left out'))).toBe(true);
    expect(String(submission?.bytes)).toMatch(/^\[\{"question_id": \d+, "answer": "/);
  });

  it('of answers are read back as they were written', async () => {
    const file = join(temporary, 'written.jsonl');
    const line = {
      question_id: 7,
      prompt: 'a\u2028b',
      text: 'caf\u00e9',
      answer_id: 'i',
      model_id: 'm',
      metadata: { choices: 'text' },
    };
    await writeAnswers(file, [{ ...line, extra: { round_id: 0, options: ['x'] } }]);
    expect((await readAnswers(file)).lines).toEqual([{ ...line, line: 1 }]);
    const text = await readFile(file, 'utf8');
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'question_id',
      'round_id',
      'prompt',
      'text',
      'options',
      'answer_id',
      'model_id',
      'metadata',
    ]);
  });
});

it('names the nearest benchmark and the nearest variant', async () => {
  expect((await problemsOf(scoreFiles('vqa2', files('vqav2'))))[0]?.hint).toContain('vqav2');
  const wrong = scoreFiles('gqa', files('gqa'), { variant: 'fullmode' });
  expect((await problemsOf(wrong))[0]?.hint).toContain('full_mode');
});
