import type { Json } from '../hash.ts';
import type { Place } from '../problem.ts';

/** An output of a stage: what `labels: extract.labels` names. */
export type Ref = Readonly<{ stage: string; port: string }>;

/** One stage of the expanded graph: parameters complete (defaults filled in), references resolved to stage ids. */
export type StageSpec = Readonly<{
  /** unique in the expanded graph: `extract`, `pretrain[+SEA]`, `finetune[+SEA,seed=2]` */
  id: string;
  /** the name in the file: `finetune` */
  name: string;
  kind: string;
  params: Json;
  inputs: Readonly<Record<string, Ref>>;
  at: Place;
}>;

/** One row under one seed: which expanded stage stands for each stage name. */
export type Cell = Readonly<{
  row: string;
  /** absent when the experiment has no seeds */
  seed?: number;
  stages: Readonly<Record<string, string>>;
}>;

export type Column = Readonly<{ label: string; stage: string; metric: string; lowerIsBetter?: boolean }>;

export type TableSpec = Readonly<{
  title?: string;
  columns: readonly Column[];
  /** the row that deltas are taken against */
  baseline?: string;
  /** instead: for each row that has one, its own */
  baselines?: Readonly<Record<string, string>>;
  /** label of a column with the mean of the others */
  average?: string;
  /** the rows it shows; all when absent. A row runs only what the tables that show it read */
  rows?: readonly string[];
}>;

/** Rows as points of one line, or as bars of one colour. `at`: the group that a bar stands in, or the number along `x`. */
export type Series = Readonly<{ name: string; points: readonly Readonly<{ row: string; at: string | number }>[] }>;

export type FigureSpec = Readonly<{
  /** names its files */
  name: string;
  title?: string;
  mark: 'bars' | 'lines';
  /** what it reads, as a table would; with a baseline the differences are drawn */
  table: TableSpec;
  /** labels of the columns that are drawn, of `table` or its average */
  show: readonly string[];
  /** absent where every row stands for itself */
  series?: readonly Series[];
  /** rows that are drawn where there are no series */
  rows: readonly string[];
  /** rows drawn as a level across all x */
  levels: readonly string[];
  x?: Readonly<{ path: string; label: string; log: boolean }>;
  y: Readonly<{ label?: string; unit?: string }>;
  /** around a mean: standard deviation over seeds, 95 % interval, nothing */
  spread: 'sd' | 'interval' | 'none';
  /** the paper's numbers stand beside ours */
  paper: boolean;
}>;

/** Printed numbers of a paper, shown beside ours: row name -> column label -> number. */
export type Reference = Readonly<{
  source: string;
  rows: PrintedRows /** rows that we do not run */;
  others?: PrintedRows;
}>;
export type PrintedRows = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A row as written: its differences from the base, all `extends` applied, for diffs and reports. */
export type Row = Readonly<{ name: string; differences: Readonly<Record<string, Json>>; at: Place }>;

/** The folder that an environment variable stood for at the beginning of paths. */
export type Root = Readonly<{
  variable: string;
  folder: string /** else it is the default that the file gives */;
  isSet: boolean;
}>;

/** An experiment file, checked and expanded. Equal stages of rows and seeds appear once in `stages`. */
export type Experiment = Readonly<{
  name: string;
  description?: string;
  file: string;
  rows: readonly Row[];
  seeds: readonly number[];
  cells: readonly Cell[];
  stages: readonly StageSpec[];
  /** several tables may be read from one graph; the first is the main one */
  tables: readonly TableSpec[];
  figures?: readonly FigureSpec[];
  /** one for each `paper:` entry */
  references?: readonly Reference[];
  /** stages of the file that no table needs: they never run */
  unused?: readonly string[];
  /** folders of this machine that paths begin with */
  roots?: readonly Root[];
}>;
