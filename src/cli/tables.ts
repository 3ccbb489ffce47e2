import { ProblemError } from '../problem.ts';
import type { Standing } from '../report/compare.ts';
import type { QuestionResults } from '../report/questions.ts';
import { makeTable, type Readings } from '../report/table.ts';
import type { Experiment } from '../spec/experiment.ts';
import { openExperiment } from './experiment.ts';
import { questionsOf } from './questions.ts';
import { keysAtWork, readingsOf } from './readings.ts';
import { openSession, type Session } from './session.ts';

/** An experiment with its tables as the cache fills them now. */
export type OpenTables = Standing & Readonly<{ session: Session; readings: Readings }>;

/**
 * Opens the store, which the caller closes. `questions`: also read the questions behind the numbers; `tableless`: an
 * experiment without a table is no mistake.
 */
export async function openTables(
  file: string,
  cache: string,
  { questions = false, tableless = false }: Readonly<{ questions?: boolean; tableless?: boolean }> = {},
): Promise<OpenTables> {
  const experiment = await openExperiment(file, cache);
  if (experiment.tables.length === 0 && !tableless) throw noTable(experiment);
  const session = await openSession(experiment, cache);
  try {
    const readings = readingsOf(session.plan, { leased: keysAtWork(session.store) });
    const make = (known?: QuestionResults) =>
      experiment.tables.map((spec) => makeTable(experiment, spec, readings, known));
    const tables = make();
    if (!questions) return { experiment, session, readings, tables, questions: new Map() };
    const known = questionsOf(tables, readings, session.store);
    return { experiment, session, readings, tables: make(known), questions: known };
  } catch (error) {
    session.store.close();
    throw error;
  }
}

export function noTable({ name, file }: Experiment): ProblemError {
  return new ProblemError({
    code: 'no-table',
    message: `${name} declares no table`,
    at: { file, line: 1, column: 1 },
    hint: 'add `table: { columns: [stage, stage.metric] }`',
  });
}
