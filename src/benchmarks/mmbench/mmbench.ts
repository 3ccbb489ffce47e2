import type { Json } from '../../hash.ts';
import { answersById, repeatedNotices, stopAtAnswers, stopAtMissing, uploadNotices } from '../answers.ts';
import { type Benchmark, chooseVariant, mean, type Question } from '../benchmark.ts';
import { byLikelihood, choiceMode, LETTERS, LIKELIHOOD_NOTICE, toLetter } from '../choices.ts';
import { checkScorable, ROTATION, readTable, tableNotices } from './format.ts';
import { askRow, recordedPrompt, shownOptions } from './prompt.ts';
import { circular, decideRows, type Report, report, vanilla } from './score.ts';
import { ILLEGAL, readBack, uploadWorkbook } from './upload.ts';

const variants = ['vlmevalkit_2024_06', 'vlmevalkit_2023_11', 'vlmevalkit_head'] as const;

export const mmbench: Benchmark = {
  name: 'mmbench',
  summary:
    'Multiple choice asked once for each rotation of the options; all must be right (MMBench dev 20230712, opencompass; ' +
    'Apache 2.0). Tables report Overall of CircularEval from the server, whose language model decides unclear answers: ' +
    'this figure, with exact matching, is a lower bound on it.',
  headline: 'CircularEval Overall, %, exact matching',
  metrics: ['score', 'vanilla', 'undecided'],
  variants,

  async questions(folder, asking) {
    const table = await readTable(folder);
    const images = new Map(table.rows.map(({ index, image }) => [index, image]));
    return table.rows.map((row): Question => {
      const options = shownOptions(row);
      // a short cell is the index of the row that holds the picture
      const owner = row.image.length <= 64 && images.has(Number(row.image)) ? Number(row.image) : row.index;
      return {
        id: row.index,
        image: { name: String(owner), base64: images.get(owner) ?? row.image },
        text: askRow(row, asking, table.chinese),
        recorded: recordedPrompt(row),
        maxNewTokens: 1024,
        choices: options,
        extra: { round_id: 0, options, option_char: LETTERS.slice(0, options.length) },
      };
    });
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const mode = choiceMode(answers, options);
    const likely = byLikelihood(answers);
    const table = await readTable(folder);
    checkScorable(table, variant);
    const { rows } = table;
    const byIndex = new Map(rows.map((row) => [String(row.index), row]));
    const byId = answersById(answers, (id) => byIndex.has(id));
    const missing = rows.filter(({ index }) => !byId.has(String(index))).map(({ index }) => index);
    if (missing.length > 0) stopAtMissing(answers, missing);
    const textOf = (index: number): string => byId.get(String(index))?.text ?? '';
    const answerOf = (index: number): string => {
      const row = byIndex.get(String(index));
      return mode === 'text' && row !== undefined ? toLetter(textOf(index), shownOptions(row)) : textOf(index);
    };
    const decided = decideRows(rows, answerOf, variant);
    const groups = circular(decided);
    const alone = vanilla(decided);
    const percent = (hits: readonly (0 | 1 | undefined)[]): number => 100 * mean(hits.map((hit) => hit ?? 0));
    const hasSplits = table.names.includes('split');
    const reports = report(groups, variant, hasSplits);
    const whole = report(groups, variant, false);
    return {
      metrics: {
        score: percent(groups.map(({ hit }) => hit)),
        vanilla: percent(alone.map(({ hit }) => hit)),
        undecided: (100 * groups.filter(({ hit }) => hit === undefined).length) / groups.length,
        ...Object.fromEntries(
          [...(whole[0]?.figures ?? [])].flatMap(([name, value]) =>
            name === 'Overall' ? [] : [[`category.${name}`, 100 * value]],
          ),
        ),
      },
      questions: groups.map(({ base, hit }) => ({
        id: base.index,
        question: recordedPrompt(base),
        answer: rows.flatMap(({ index }) => (index % ROTATION === base.index ? [textOf(index)] : [])).join(' / '),
        truth: base.answer,
        score: hit ?? 0,
      })),
      details: {
        variant,
        choices: mode,
        ...(likely ? { choose: 'likelihood' } : {}),
        judge: 'none: undecided groups are misses',
        circular: reports.map(toJson),
        vanilla_0: report(
          alone.filter(({ base }) => base.index < ROTATION),
          variant,
          hasSplits,
        ).map(toJson),
        vanilla_all: report(alone, variant, hasSplits).map(toJson),
        extracted: Object.fromEntries(decided.map(({ row, option }) => [row.index, option ?? null])),
      },
      notices: [...(likely ? [LIKELIHOOD_NOTICE] : []), ...tableNotices(table), ...repeatedNotices(answers)],
    };
  },

  async submission(folder, answers) {
    const table = await readTable(folder);
    const byId = new Map(answers.lines.map((answer) => [String(answer.question_id), answer.text]));
    const illegal = answers.lines.filter(({ text }) => ILLEGAL.test(text));
    if (illegal.length > 0) {
      stopAtAnswers(
        answers,
        illegal,
        'illegal-character',
        'a control character, which no workbook holds, in the answer to',
      );
    }
    const formulas = answers.lines.filter(({ text }) => text !== '' && readBack(text) === null).length;
    const empty = table.rows.filter(({ index }) => !byId.has(String(index))).length;
    return {
      name: 'mmbench.xlsx',
      bytes: uploadWorkbook(table, (index) => byId.get(String(index))),
      notices: [
        ...uploadNotices(
          answers,
          table.rows.map(({ index }) => index),
        ),
        ...(formulas > 0
          ? [
              `${formulas} answers that begin with = or spell an error are no text in a workbook: the server reads nothing`,
            ]
          : []),
        ...(empty > 0 ? [`${empty} questions without an answer are uploaded with an empty cell`] : []),
      ],
    };
  },
};

function toJson({ split, figures }: Report): Json {
  return { split, ...Object.fromEntries(figures) };
}
