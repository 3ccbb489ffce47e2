import type { Plan, Step } from '../plan/step.ts';
import { ProblemError } from '../problem.ts';
import { duration, minuteOf, paint, type Style } from '../report/style.ts';
import type { Entry } from '../store/store.ts';
import { count, whyWords } from '../ui/words.ts';
import { changeText } from './changes.ts';
import type { Context } from './context.ts';
import { openExperiment } from './experiment.ts';
import { findStages } from './narrow.ts';
import { json } from './output.ts';
import { openSession } from './session.ts';

/** `sea why`: what differs between a stage and its last entry. */
export async function explainStage(
  stage: string,
  file: string,
  options: Readonly<{ json?: boolean }>,
  { output, cache }: Context,
): Promise<number> {
  const experiment = await openExperiment(file, cache);
  const found = findStages(experiment, stage);
  if (!found.ok) throw new ProblemError(...found.problems);
  const { plan, store } = await openSession(experiment, cache);
  store.close();
  const reasons = found.value.map((id) => explain(plan, id));
  if (options.json === true) output.out(json({ experiment: experiment.name, stages: reasons.map(reasonJson) }));
  else output.out(reasons.map((reason) => reasonText(reason, output.style)).join('\n\n'));
  return 0;
}

/** The same as lines, for one stage. */
export function whyLines(plan: Plan, id: string, style: Style): readonly string[] {
  return reasonText(explain(plan, id), style).split('\n');
}

type Reason = Readonly<{
  step: Step;
  /** stages that wait for it */
  followers: readonly string[];
}>;

function explain(plan: Plan, id: string): Reason {
  const step = plan.steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`the plan has no step for ${id}`);
  const reached = new Set([id]);
  const followers: string[] = [];
  // inputs come before what reads them, so one pass finds all that follows
  for (const candidate of plan.steps) {
    if (candidate.action === 'reuse' || candidate.id === id) continue;
    if (!Object.values(candidate.spec.inputs).some((ref) => reached.has(ref.stage))) continue;
    reached.add(candidate.id);
    followers.push(candidate.id);
  }
  return { step, followers: step.action === 'reuse' ? [] : followers };
}

function reasonJson({ step, followers }: Reason): unknown {
  const { id, action, why, key, changes, mayStop, missing } = step;
  const last = step.entry ?? step.last;
  return {
    stage: id,
    action,
    why,
    key,
    changes,
    mayStop,
    missing,
    followers,
    ...(last === undefined ? {} : { last: lastJson(last) }),
  };
}

function lastJson({ key, stage, experiment, provenance }: Entry): unknown {
  return { key, stage, experiment, startedAt: provenance.startedAt, seconds: provenance.seconds };
}

const verbs = { reuse: 'is reused', run: 'will run', depends: 'may run', blocked: 'cannot run' } as const;

function reasonText({ step, followers }: Reason, style: Style): string {
  const head = `${paint(style, 'bold', step.id)} ${verbs[step.action]}: ${whyWords[step.why]}`;
  const missing = (step.missing ?? []).map((path) => `  ${path}`);
  const last = step.entry ?? step.last;
  const lines = step.changes.map((change) => `  ${changeText(change)}`);
  const stop = step.mayStop === true ? ['  nothing else differs: if its inputs come out the same, it is reused'] : [];
  const made = last === undefined ? [] : [paint(style, 'dim', `  last: ${lastText(last)}`)];
  const follows = followers.length === 0 ? [] : [paint(style, 'dim', `  then: ${thenText(followers)}`)];
  return [head, ...missing, ...lines, ...stop, ...made, ...follows].join('\n');
}

function lastText({ stage, experiment, provenance, key }: Entry): string {
  const when = minuteOf(provenance.startedAt);
  return `${stage} of ${experiment}, ${when} UTC, ${duration(provenance.seconds)}, key ${key.slice(0, 12)}`;
}

function thenText(followers: readonly string[]): string {
  const shown = followers.slice(0, 6).join(', ');
  return followers.length <= 6 ? shown : `${shown} and ${count(followers.length - 6, 'more stage')}`;
}
