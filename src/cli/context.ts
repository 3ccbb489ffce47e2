import type { Output } from './output.ts';

/** What every command is given beside its own arguments. */
export type Context = Readonly<{
  output: Output;
  /** absolute path of the cache */
  cache: string;
  /** of this program, recorded with every result */
  version: string;
  env: Readonly<Record<string, string | undefined>>;
}>;
