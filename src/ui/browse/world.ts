import type { Plan, Step } from '../../plan/step.ts';
import type { Problem } from '../../problem.ts';
import type { Experiment } from '../../spec/experiment.ts';
import type { Entry } from '../../store/store.ts';
import type { Board } from '../board.ts';
import type { Stages } from '../stages.ts';

/** An experiment file that lies near. */
export type Found = Readonly<{ file: string; name: string; description?: string }>;

export type ItemState = 'cached' | 'running' | 'failed' | 'to run' | 'waits' | 'blocked';

/** A stage as it is now. */
export type StageItem = Readonly<{
  id: string;
  kind: string;
  state: ItemState;
  /** why it is in that state, in a line */
  reason: string;
  step: Step;
  /** of its result, or of the last one */
  seconds?: number;
  /** of a running stage */
  progress?: Readonly<{ step: number; of: number }>;
}>;

/** The experiment that is open, read off its file and the store. */
export type Open = Readonly<{
  experiment: Experiment;
  plan: Plan;
  boards: readonly Board[];
  stages: readonly StageItem[];
  /** by id */
  items: ReadonlyMap<string, StageItem>;
  states: Stages;
  /** what this experiment left in the store, newest first */
  history: readonly Entry[];
}>;

export const panes = ['why', 'parameters', 'metrics', 'curve', 'log', 'lineage', 'patches'] as const;
export type Pane = (typeof panes)[number];

/** A series of numbers that a stage reported, by step. */
export type Series = Readonly<{ name: string; points: readonly (readonly [step: number, value: number])[] }>;

/** What is known of one stage: lines of its panes, its curves, the stages it reads and those that read it. */
export type Detail = Readonly<{
  stage: string;
  /** columns that its lines were broken to */
  width: number;
  lines: Readonly<Record<Exclude<Pane, 'curve' | 'lineage' | 'patches'>, readonly string[]>>;
  curves: readonly Series[];
  lineage: readonly Readonly<{ stage: string; depth: number; reads: boolean }>[];
}>;

/** The labelled patches of a picture, drawn to fit so many columns; `image` counts the pictures of the labels nearest to the stage. */
export type Patches = Readonly<{ stage: string; image: number; columns: number; lines: readonly string[] }>;

/** All that the browser shows; made at the edge, read by reducer and views. */
export type World = Readonly<{
  experiments: readonly Found[];
  file?: string;
  open?: Open;
  /** why the file cannot be opened, or what became wrong in it */
  problems: readonly Problem[];
  /** a run at work: started here, or by the process of that name */
  run?: 'own' | Readonly<{ process: string }>;
  detail?: Detail;
  patches?: Patches;
}>;
