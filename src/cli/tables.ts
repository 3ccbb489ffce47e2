import { ProblemError } from '../problem.ts';
import type { Standing } from '../report/compare.ts';
import type { QuestionResults } from '../report/questions.ts';
import { makeTable, type Readings } from '../report/table.ts';
import { openExperiment } from './experiment.ts';
import { questionsOf } from './questions.ts';
import { keysAtWork, readingsOf } from './readings.ts';
import { openSession, type Session } from './session.ts';

/** An experiment with its tables as the cache fills them now. */
export type OpenTables = Standing & Readonly<{ session: Session; readings: Readings }>;

/** Opens the store, which the caller closes. `questions`: also read the questions behind the numbers. */
export async function openTables(
  file: string,
  cache: string,
  { questions = false }: Readonly<{ questions?: boolean }> = {},
): Promise<OpenTables> {
  const experiment = await openExperiment(file, cache);
  if (experiment.tables.length === 0) {
    throw new ProblemError({
      code: 'no-table',
      message: `${experiment.name} declares no table`,
      at: { file: experiment.file, line: 1, column: 1 },
      hint: 'add `table: { columns: [stage, stage.metric] }`',
    });
  }
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
