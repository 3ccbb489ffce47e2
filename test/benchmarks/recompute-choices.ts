import { join } from 'node:path';
import { readAnswers } from '../../src/benchmarks/answers.ts';
import type { ExtractionRule } from '../../src/benchmarks/mmbench/extract.ts';
import { ROTATION, readTable } from '../../src/benchmarks/mmbench/format.ts';
import { circular, decideRows, type Report, report, vanilla } from '../../src/benchmarks/mmbench/score.ts';
import { uploadTable } from '../../src/benchmarks/mmbench/upload.ts';
import { readSubjects } from '../../src/benchmarks/mmlu/format.ts';
import { promptExample, promptHead, promptItem } from '../../src/benchmarks/mmlu/prompt.ts';
import { predictLetter, scoreMmlu } from '../../src/benchmarks/mmlu/score.ts';
import { FEW_SHOT } from '../../src/benchmarks/mmvet/few-shot.ts';
import { keyOf, readQuestions } from '../../src/benchmarks/mmvet/format.ts';
import { grade, JUDGE_MAX_TOKENS } from '../../src/benchmarks/mmvet/judge.ts';
import { aggregate, type VetFigures } from '../../src/benchmarks/mmvet/score.ts';
import { readSplit } from '../../src/benchmarks/scienceqa/format.ts';
import { recordedPrompt } from '../../src/benchmarks/scienceqa/prompt.ts';
import { scoreScience } from '../../src/benchmarks/scienceqa/score.ts';
import { typeColumn } from '../../src/benchmarks/table-file.ts';
import { OFFICIAL_JUDGE } from '../../src/judge/settings.ts';
import type { Recompute } from './recompute-answers.ts';
import { type Recorded, readAny } from './scoring-dir.ts';

export const recomputeScienceqa: Recompute = async (folder, expected) => {
  const problems = await readSplit(folder);
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const score = scoreScience(problems, new Map(lines.map((line) => [String(line.question_id), line])));
  const asked = Object.keys(expected['answer_file_prompts']);
  return {
    answer_file_prompts: Object.fromEntries(
      [...problems].filter(([id]) => asked.includes(id)).map(([id, problem]) => [id, recordedPrompt(problem)]),
    ),
    results: {
      llava: {
        acc: score.accuracy,
        correct: score.correct,
        count: score.count,
        img_correct: score.imageCorrect,
        img_count: score.imageCount,
        items: Object.fromEntries(
          Array.from(score.items, ([id, { correct, multimodal, letter, index }]) => [
            id,
            { correct, is_multimodal: multimodal, parsed_ans: letter, pred_idx: index },
          ]),
        ),
        printed: score.printed,
      },
    },
  };
};

export const recomputeMmbench: Recompute = async (folder, expected) => {
  const table = await readTable(folder);
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const texts = new Map(lines.map(({ question_id, text }) => [Number(question_id), text]));
  const answerOf = (index: number): string | undefined => texts.get(index);
  const results: Recorded = {};
  for (const rule of Object.keys(expected['results']) as ExtractionRule[]) {
    const decided = decideRows(table.rows, answerOf, rule);
    const groups = circular(decided);
    const alone = vanilla(decided);
    const rows = (some: Parameters<typeof report>[0], form: unknown): unknown =>
      inForm(report(some, rule, table.names.includes('split')), form);
    const recordedRule = expected['results'][rule];
    const extracted = Object.fromEntries(decided.map(({ row, option }) => [row.index, option ?? null]));
    const hits = (undecided: 0 | null): Recorded =>
      Object.fromEntries(groups.map(({ base, hit }) => [base.index, hit ?? undecided]));
    const all: Recorded = {
      extracted,
      circular_hit: hits(0),
      circular_hit_without_llm: hits(null),
      circular: rows(groups, recordedRule.circular),
      circular_undecided_as_miss: rows(groups, recordedRule.circular_undecided_as_miss),
      vanilla_0: rows(
        alone.filter(({ base }) => base.index < ROTATION),
        recordedRule.vanilla_0,
      ),
      vanilla_all: rows(alone, recordedRule.vanilla_all),
      vanilla_hit: Object.fromEntries(alone.map(({ base, hit }) => [base.index, hit])),
    };
    results[rule] = Object.fromEntries(Object.keys(recordedRule).map((key) => [key, all[key]]));
  }
  return { llava_upload: readBack(uploadTable(table, answerOf)), results };
};

/** One row a split: a list of them, or the one of the recorded split. */
function inForm(reports: readonly Report[], form: unknown): unknown {
  const rows = reports.map(({ split, figures }) => ({ split, ...Object.fromEntries(figures) }) as Recorded);
  if (Array.isArray(form)) return form.map((one: Recorded) => rows.find((row) => row['split'] === one['split']));
  return rows.find((row) => row['split'] === (form as Recorded | undefined)?.['split']);
}

/** The upload table as pandas reads it back: some texts are missing values, columns of numbers are numbers. */
function readBack({ columns, rows }: ReturnType<typeof uploadTable>): Recorded {
  const typed = columns.map((_, position) =>
    typeColumn(
      rows.map((row) => {
        const cell = row[position] ?? null;
        return cell === null || typeof cell === 'object' ? null : String(cell); // formulas and errors are read as nothing
      }),
    ),
  );
  const cells = rows.map((_, row) =>
    typed.map(({ type, cells: column }) => {
      const cell = column[row] ?? null;
      return cell !== null && (type === 'int' || type === 'float') ? Number(cell) : cell;
    }),
  );
  return { columns, rows: cells };
}

export const recomputeMmvet: Recompute = async (folder, expected) => {
  const questions = await readQuestions(folder);
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const texts = new Map(lines.map(({ question_id, text }) => [keyOf(question_id), text]));
  const results: Recorded = {};
  for (const name of Object.keys(expected['results'])) {
    const runs = Number.parseInt(name, 10);
    const replies = readAny(join(folder, 'gpt_replies.json')) as Record<string, string[][]>;
    const calls: Recorded[] = [];
    const grades = await grade(
      questions,
      (id) => texts.get(id) ?? '',
      { runs, concurrency: 1, signal: new AbortController().signal },
      async ({ id, run, retry, temperature, content }) => {
        const tail = content.slice(FEW_SHOT.length);
        calls.push({ id, run, retry, temperature, tail, model: OFFICIAL_JUDGE, max_tokens: JUDGE_MAX_TOKENS });
        const reply = replies[id]?.[run]?.shift();
        if (reply === undefined) throw new Error(`the scripted judge has no more replies for ${id} in run ${run}`);
        return reply;
      },
    );
    const { byCapability, byIntegration, counts } = aggregate(questions, (id) => grades.get(id)?.scores ?? []);
    const flat = ({ figures, std, runs: shown }: VetFigures): Recorded => ({
      ...Object.fromEntries(figures),
      std,
      runs: shown,
    });
    results[name] = {
      by_capability: flat(byCapability),
      by_integration: flat(byIntegration),
      calls: typeof expected['results'][name].calls === 'number' ? calls.length : calls,
      contents: Object.fromEntries(Array.from(grades, ([id, { contents }]) => [id, contents])),
      counts: Object.fromEntries(counts),
      scores: Object.fromEntries(Array.from(grades, ([id, { scores }]) => [id, scores])),
    };
  }
  return { converted_results: Object.fromEntries(texts), results };
};

export const recomputeMmlu: Recompute = async (folder) => {
  const subjects = await readSubjects(folder);
  const logprobs = readAny(join(folder, 'letter_logprobs.json')) as Record<string, Record<string, number>[]>;
  const predictions = new Map(
    subjects.map(({ name, test }) => [
      name,
      test.map(({ answer, options }, row) => {
        const { letter, probs } = predictLetter(logprobs[name]?.[row] ?? {}, options.length);
        return { probs, correct: letter === answer };
      }),
    ]),
  );
  const score = scoreMmlu(
    new Map(Array.from(predictions, ([name, rows]) => [name, rows.map(({ correct }) => correct)])),
  );
  return {
    prompts: Object.fromEntries(
      subjects.map((subject) => [
        subject.name,
        subject.test.map((item) => promptHead(subject) + subject.dev.map(promptExample).join('') + promptItem(item)),
      ]),
    ),
    results: {
      hendrycks_evaluate: {
        macro_over_subjects_not_official: score.macro,
        printed: score.printed,
        printed_categories: score.printedGroups,
        subjects: Object.fromEntries(
          Array.from(predictions, ([name, rows]) => [
            name,
            {
              accuracy: score.subjects.get(name),
              correct: rows.map(({ correct }) => correct),
              probs: rows.map(({ probs }) => probs),
            },
          ]),
        ),
        weighted_accuracy: score.weighted,
      },
    },
  };
};
